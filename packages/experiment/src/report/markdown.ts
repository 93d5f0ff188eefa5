import type { Interval } from '@noren/recommender';
import type { ExperimentFederation } from '../federation/experiment-federation.ts';
import type { ExperimentResult } from '../run/run-experiment.ts';
import type { SummaryRow, Uplift } from './summary.ts';

/** The experiment's tables for a reader: what each strategy reaches, and what it is worth against the two references. */
export function renderMarkdown(
  federation: ExperimentFederation,
  { sites }: ExperimentResult,
  rows: readonly SummaryRow[],
): string {
  const customers = sites.reduce((sum, site) => sum + site.customers, 0);
  return [
    `## ${federation.name}`,
    '',
    federation.note,
    '',
    `${sites.length} ${sites.length === 1 ? 'site' : 'sites'}, ${customers} evaluated customers: ` +
      `${sites.map((site) => `${site.name} (${site.customers} customers, ${site.items} items)`).join(', ')}.`,
    'Last purchase of each customer, full ranking of the site’s catalogue, history masked; mean over sites of the mean over customers ' +
      'and seeds. *Mixed*: with the site’s own counts, at the weight best on validation items.',
    '',
    table(
      ['strategy', 'inputs', 'network HR@10', 'NDCG@10', 'mixed HR@10', 'NDCG@10', 'trained', 'sent', 'training'],
      rows.map((row) => [
        row.strategy,
        row.inputs,
        figure(row.network.hit),
        figure(row.network.ndcg),
        interval(row.mixed.hit),
        interval(row.mixed.ndcg),
        row.trained === 0 ? '' : row.trained.toLocaleString('en'),
        row.bytesSent === 0 ? '' : `${(row.bytesSent / 2 ** 20).toFixed(1)} MiB`,
        `${row.seconds.toFixed(0)} s`,
      ]),
    ),
    '',
    'Uplift in NDCG@10, mixed, paired by customer, with 95 % intervals:',
    '',
    table(
      ['strategy', 'against', 'mean of sites', 'all customers', 'sites better / worse', 'worst site'],
      rows.flatMap((row) => row.uplifts.map((uplift) => upliftCells(row, uplift))),
    ),
    '',
  ].join('\n');
}

function upliftCells(row: SummaryRow, uplift: Uplift): string[] {
  const { worst } = uplift;
  return [
    `${row.strategy}, ${row.inputs}`,
    uplift.against,
    interval(uplift.sites, true),
    interval(uplift.customers, true),
    `${uplift.better} / ${uplift.worse}`,
    `${worst.site} ${interval(worst.uplift, true)}`,
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function figure({ mean }: Interval): string {
  return decimal(mean, false);
}

function interval({ mean, low, high }: Interval, signed = false): string {
  return `${decimal(mean, signed)} [${decimal(low, signed)}, ${decimal(high, signed)}]`;
}

/** `.1234`, `+.012`. */
function decimal(value: number, signed: boolean): string {
  const digits = Math.abs(value).toFixed(4).replace(/^0/, '');
  return `${value < 0 ? '-' : signed ? '+' : ''}${digits}`;
}
