import type { DataReport } from '../retail-data.ts';
import type { Hint } from './words.ts';

const FEW_CUSTOMERS = 100;

/** What in a report is unusual enough to be looked at, the gravest first. */
export function hintsOf(report: DataReport): Hint[] {
  const rows = (kind: string): number =>
    [...report.dropped, ...report.noticed].reduce((sum, one) => sum + (one.kind === kind ? one.rows : 0), 0);
  const priced = report.prices.reduce((sum, { items }) => sum + items, 0);
  const outliers = report.prices.reduce((sum, range) => sum + range.outliers, 0);
  // Repeats are no loss: of a purchase that is repeated the first is kept.
  const lost = report.rowsRead - report.rowsKept - rows('repeat') - rows('duplicate');
  const found: [Hint, boolean][] = [
    ['most-rows-lost', lost > report.rowsRead / 2],
    ['many-unknown-items', rows('unknown-item') > report.rowsRead / 20],
    ['few-customers', report.customers < FEW_CUSTOMERS],
    ['no-text', report.itemsWithoutText > report.items / 2],
    ['one-item-dominates', report.mostFrequentItemShare >= 0.2],
    ['wrong-time-zone', rows('time-skipped') > 0],
    ['many-outliers', outliers > priced / 100],
  ];
  return found.flatMap(([hint, isFound]) => (isFound ? [hint] : []));
}
