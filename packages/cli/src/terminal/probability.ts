/** Below it a power of two says more than a share. */
const SMALL = -10;

/**
 * A probability for people: `2^-75`, `3.2 %`, `never`. Powers are rounded up, for most of them are bounds.
 *
 * @param log2 of the probability, at most 0; -Infinity for what cannot happen
 */
export function probabilityText(log2: number, never: string): string {
  if (log2 === -Infinity) return never;
  return log2 < SMALL ? `2^-${Math.floor(-log2)}` : percentText(2 ** log2);
}

/** A share in three digits: `12.5 %`. */
export function percentText(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
