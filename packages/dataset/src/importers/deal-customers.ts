import { seededShare } from '../random.ts';
import { ReadingCounts } from '../reading-counts.ts';
import { reportOf } from '../report.ts';
import type { FederationData, RetailData, Sequences } from '../retail-data.ts';

const HEADQUARTERS_SHARE = 0.4;
/** The smallest cohort whose sum hides its members by default. */
const SITES = 3;
/** Fixed, so that everybody who imports the dataset divides it in the same way. */
const DIVISION_SEED = 1;

/**
 * Divides a dataset that is one shop: a fixed hash of the customer gives 40 % of the customers to headquarters and the
 * others in equal parts to three sites, all with the whole catalogue. The sites differ by chance only; it shows the
 * machinery, not what federation gains between shops that differ.
 */
export function dealCustomers(name: string, whole: RetailData): FederationData {
  const { customers } = whole.sequences;
  const parts = Array.from({ length: SITES + 1 }, (): number[] => []);
  for (const [number, customer] of customers.entries()) {
    const share = seededShare(DIVISION_SEED, 'customers dealt out', customer);
    const site = Math.floor(((share - HEADQUARTERS_SHARE) / (1 - HEADQUARTERS_SHARE)) * SITES);
    parts[share < HEADQUARTERS_SHARE ? 0 : site + 1]?.push(number);
  }
  const [headquarters = [], ...sites] = parts;
  return {
    headquarters: partOf(whole, headquarters, whole.report),
    sites: sites.map((part, at) => ({
      id: `part-${at + 1}`,
      name: `${name}, part ${at + 1}`,
      data: partOf(whole, part, { dropped: [], noticed: [] }),
    })),
    note:
      `${name} is one shop: a fixed hash of the customer gives ${HEADQUARTERS_SHARE * 100} % of the customers to ` +
      `headquarters and the others in equal parts to ${SITES} sites, which therefore differ by chance only. Each has the ` +
      `whole catalogue. What was dropped before the customers were dealt out is counted at headquarters.`,
  };
}

function partOf(
  whole: RetailData,
  part: readonly number[],
  before: Pick<RetailData['report'], 'dropped' | 'noticed'>,
): RetailData {
  const sequences = select(whole.sequences, part);
  const counts = new ReadingCounts();
  for (const { kind, reason, rows } of before.dropped) counts.drop(kind, reason, rows);
  for (const { kind, reason, rows } of before.noticed) counts.notice(kind, reason, rows);
  for (let c = 0; c < part.length; c++) counts.customer((sequences.offsets[c + 1] ?? 0) - (sequences.offsets[c] ?? 0));
  const lost = before.dropped.reduce((sum, { rows }) => sum + rows, 0);
  const rowsRead = sequences.items.length + lost;
  const orderOnly = whole.report.firstAt === null;
  return {
    ...whole,
    sequences,
    report: reportOf({ catalogue: whole.catalogue, sequences, rowsRead, counts, orderOnly }),
  };
}

/** The sequences of some customers, given by ascending number. */
function select(sequences: Sequences, chosen: readonly number[]): Sequences {
  const lengths = chosen.map((c) => (sequences.offsets[c + 1] ?? 0) - (sequences.offsets[c] ?? 0));
  const offsets = new Int32Array(chosen.length + 1);
  for (const [at, length] of lengths.entries()) offsets[at + 1] = (offsets[at] ?? 0) + length;
  const items = new Int32Array(offsets.at(-1) ?? 0);
  const times = new Float64Array(items.length);
  for (const [at, c] of chosen.entries()) {
    items.set(sequences.items.subarray(sequences.offsets[c], sequences.offsets[c + 1]), offsets[at]);
    times.set(sequences.times.subarray(sequences.offsets[c], sequences.offsets[c + 1]), offsets[at]);
  }
  return { customers: chosen.map((c) => sequences.customers[c] ?? ''), offsets, items, times };
}
