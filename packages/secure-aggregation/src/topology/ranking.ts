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
