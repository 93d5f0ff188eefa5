import { concatenate, hex, PROTOCOL_LABEL, sha256, utf8 } from '../keys/bytes.ts';

/**
 * The sites in an order that nobody chooses: by SHA-256 over seed, drawing and id.
 *
 * @param purpose what the order is for; another purpose has another order
 * @param drawing of a fixed length for each purpose, so that no two inputs of the hash are alike
 */
export function ranked(
  purpose: string,
  seed: Uint8Array,
  drawing: Uint8Array,
  siteIds: readonly string[],
): readonly string[] {
  const prefix = concatenate(utf8(`${PROTOCOL_LABEL}${purpose}/`), seed, drawing);
  return siteIds
    .map((siteId) => ({ siteId, rank: hex(sha256(concatenate(prefix, utf8(siteId)))) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ siteId }) => siteId);
}

/** A site of a cohort, and its place among all that are ranked, 0, 1, ... */
export interface RankedSite {
  readonly siteId: string;
  readonly rank: number;
}

/** The cohort in the order of a ranking. @param order with every site of the cohort in it */
export function rankedCohort(order: readonly string[], cohort: readonly string[]): readonly RankedSite[] {
  const present = new Set(cohort);
  return order.map((siteId, rank) => ({ siteId, rank })).filter(({ siteId }) => present.has(siteId));
}

/** Ranks from the first to the last of sites that follow each other, both included; the last rank is followed by the first. */
export function widthOf(first: RankedSite, last: RankedSite, registered: number): number {
  return ((last.rank - first.rank + registered) % registered) + 1;
}
