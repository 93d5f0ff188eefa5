import type { Interval } from '@noren/recommender';
import type { ExperimentResult } from '../run/run-experiment.ts';
import type { SummaryRow } from './summary.ts';

/** Between the whiskers of one site, and between sites. */
const STEP = 7;
const GAP = 16;
const TOP = 92;
const LEFT = 190;
const WIDTH = 760;
const RIGHT = 40;
const COLOURS = ['#1f4e79', '#b5532a', '#5b7f3a', '#7a4b8c', '#8a7a1f', '#4a4a4a'];

/** A forest plot as SVG: each site's uplift over `against` with its 95 % interval, a colour a strategy, no harm right of 0. */
export function upliftPlot(
  title: string,
  { sites }: ExperimentResult,
  rows: readonly SummaryRow[],
  against: string,
): string {
  const series = rows.flatMap((row) => {
    const uplift = row.uplifts.find((one) => one.against === against);
    return uplift === undefined ? [] : [{ name: `${row.strategy}, ${row.inputs}`, uplift }];
  });
  const lines = [
    ...sites.map((site, at) => ({
      label: `${site.name} (${site.customers})`,
      values: series.map(({ uplift }) => uplift.bySite[at] ?? null),
    })),
    { label: 'mean of sites', values: series.map(({ uplift }) => uplift.sites) },
  ];
  const known = lines.flatMap(({ values }) => values.flatMap((value) => (value === null ? [] : [value])));
  const reach = Math.max(0.01, ...known.map(({ low, high }) => Math.max(Math.abs(low), Math.abs(high))));
  const x = (value: number): number => LEFT + ((value + reach) / (2 * reach)) * (WIDTH - LEFT - RIGHT);
  const row = series.length * STEP + GAP;
  const bottom = TOP + lines.length * row;
  const height = bottom + series.length * 18 + 60;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${round(height)}" font-family="system-ui, sans-serif" font-size="12" fill="#222">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(24, 34, title, 'font-size="17" font-weight="600"'),
    text(24, 56, `NDCG@10 minus ${against}, paired by customer, 95 % intervals`, 'fill="#666"'),
    `<line x1="${round(x(0))}" x2="${round(x(0))}" y1="${TOP - 14}" y2="${round(bottom)}" stroke="#222"/>`,
    ...ticks(reach).flatMap((tick) => [
      `<line x1="${round(x(tick))}" x2="${round(x(tick))}" y1="${TOP - 14}" y2="${round(bottom)}" stroke="#e4e4e4"/>`,
      text(x(tick), bottom + 16, tick.toFixed(2), 'text-anchor="middle" fill="#666"'),
    ]),
    ...lines.flatMap(({ label, values }, line) => {
      const y = TOP + line * row + row / 2 - GAP / 2;
      const weight = line === sites.length ? ' font-weight="600"' : '';
      return [
        text(LEFT - 12, y + 4, label, `text-anchor="end"${weight}`),
        ...values.map((value, at) =>
          whisker(value, x, y + spread(at, values.length), COLOURS[at % COLOURS.length] ?? ''),
        ),
      ];
    }),
    ...series.map(({ name }, at) => {
      const y = bottom + 40 + at * 18;
      const colour = COLOURS[at % COLOURS.length] ?? '';
      return `<circle cx="${LEFT}" cy="${round(y)}" r="4" fill="${colour}"/>${text(LEFT + 12, y + 4, name)}`;
    }),
    '</svg>',
    '',
  ].join('\n');
}

function whisker(value: Interval | null, x: (value: number) => number, y: number, colour: string): string {
  if (value === null) return '';
  return (
    `<line x1="${round(x(value.low))}" x2="${round(x(value.high))}" y1="${round(y)}" y2="${round(y)}" stroke="${colour}" stroke-width="1.5"/>` +
    `<circle cx="${round(x(value.mean))}" cy="${round(y)}" r="3" fill="${colour}"/>`
  );
}

function spread(at: number, count: number): number {
  return (at - (count - 1) / 2) * STEP;
}

function ticks(reach: number): number[] {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].find((one) => reach / one <= 4) ?? 1;
  const count = Math.floor(reach / step);
  return Array.from({ length: 2 * count + 1 }, (_, at) => (at - count) * step).filter((tick) => tick !== 0);
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${round(x)}" y="${round(y)}"${attributes === '' ? '' : ` ${attributes}`}>${escaped}</text>`;
}

function round(value: number): string {
  return value.toFixed(1);
}
