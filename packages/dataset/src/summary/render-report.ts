import type { Counted } from '../reading-counts.ts';
import type { DataReport } from '../retail-data.ts';
import { english } from './english.ts';
import { hintsOf } from './hints.ts';
import { japanese } from './japanese.ts';
import type { Words } from './words.ts';

/**
 * A report as plain text for whoever keeps a store's data. Counts, dates and prices of the catalogue only: it may be
 * shown and sent on.
 */
export function renderReport(report: DataReport, language: 'en' | 'ja'): string {
  const words = language === 'ja' ? japanese : english;
  const sections = [
    interactions(report, words),
    noticed(report, words),
    items(report, words),
    prices(report, words),
    customers(report, words),
    hints(report, words),
  ];
  return sections
    .filter(({ lines }) => lines.length > 0)
    .map(({ title, lines }) => [title, ...lines.map((line) => `  ${line}`)].join('\n'))
    .join('\n\n');
}

interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

function interactions(report: DataReport, words: Words): Section {
  const { rowsRead, rowsKept, firstAt, lastAt } = report;
  const share = (rows: number): string => `${count(rows, words)} (${percent(rows, rowsRead, words)})`;
  const lines = [
    line(words.rowsRead, count(rowsRead, words), words),
    line(words.kept, share(rowsKept), words),
    line(words.dropped, share(rowsRead - rowsKept), words),
    ...byKind(report.dropped, words.dropKinds).map(
      ([kind, rows]) => `  ${line(words.dropKinds[kind], count(rows, words), words)}`,
    ),
    line(words.mostFrequent, percent(report.mostFrequentItemShare, 1, words), words),
  ];
  if (firstAt !== null && lastAt !== null)
    lines.push(line(words.period, `${firstAt.slice(0, 10)} - ${lastAt.slice(0, 10)}`, words));
  return { title: words.interactions, lines };
}

function noticed(report: DataReport, words: Words): Section {
  const lines = byKind(report.noticed, words.noticeKinds).map(([kind, rows]) =>
    line(words.noticeKinds[kind], count(rows, words), words),
  );
  return { title: words.noticed, lines };
}

function items(report: DataReport, words: Words): Section {
  const share = (with_: number): string => `${count(with_, words)} (${percent(with_, report.items, words)})`;
  const lines = [
    line(words.inCatalogue, count(report.items, words), words),
    line(words.withText, share(report.items - report.itemsWithoutText), words),
    line(words.withImage, share(report.items - report.itemsWithoutImage), words),
    line(words.withPrice, share(report.items - report.itemsWithoutPrice), words),
    line(words.neverBought, share(report.itemsNeverBought), words),
  ];
  return { title: words.items, lines };
}

function prices(report: DataReport, words: Words): Section {
  const lines = report.prices.flatMap(({ currency, lowest, median, highest, free, outliers, items: priced }) => [
    line(currency ?? words.unnamedCurrency, count(priced, words), words),
    `  ${line(words.lowest, amount(lowest, words), words)}`,
    `  ${line(words.median, amount(median, words), words)}`,
    `  ${line(words.highest, amount(highest, words), words)}`,
    `  ${line(words.free, count(free, words), words)}`,
    `  ${line(words.outliers, count(outliers, words), words)}`,
  ]);
  return { title: words.prices, lines };
}

function customers(report: DataReport, words: Words): Section {
  const bands = report.customersByPurchases.map((band) => {
    const to = band.to === null ? null : count(band.to, words);
    return `  ${line(words.purchases(count(band.from, words), to), count(band.customers, words), words)}`;
  });
  return {
    title: words.customers,
    lines: [line(words.customersKept, count(report.customers, words), words), ...bands],
  };
}

function hints(report: DataReport, words: Words): Section {
  return { title: words.hints, lines: hintsOf(report).map((hint) => words.hintTexts[hint]) };
}

/** In the order of `kinds`. */
function byKind<Kind extends string>(
  counted: readonly Counted<Kind>[],
  kinds: Readonly<Record<Kind, string>>,
): [Kind, number][] {
  const rows = new Map<Kind, number>();
  for (const one of counted) rows.set(one.kind, (rows.get(one.kind) ?? 0) + one.rows);
  return (Object.keys(kinds) as Kind[]).flatMap((kind) => {
    const found = rows.get(kind);
    return found === undefined ? [] : [[kind, found]];
  });
}

function line(name: string, value: string, { colon }: Words): string {
  return `${name}${colon}${value}`;
}

function count(value: number, { locale }: Words): string {
  return value.toLocaleString(locale);
}

function amount(value: number, { locale }: Words): string {
  return value.toLocaleString(locale, { maximumSignificantDigits: 6 });
}

function percent(part: number, whole: number, { locale }: Words): string {
  const share = whole === 0 ? 0 : part / whole;
  return `${(100 * share).toLocaleString(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} %`;
}
