/**
 * How popular each item is, as its place among all items by number of purchases, (0, 1): the share of items bought less
 * often and half the share of those bought as often. Their mean over the catalogue is .5 whatever the counts.
 */
export function popularityPercentiles(counts: ArrayLike<number>): Float64Array {
  const items = counts.length;
  const order = Int32Array.from({ length: items }, (_, item) => item);
  order.sort((a, b) => (counts[a] as number) - (counts[b] as number));
  const percentiles = new Float64Array(items);
  for (let start = 0; start < items;) {
    let end = start + 1;
    while (end < items && counts[order[end] as number] === counts[order[start] as number]) end += 1;
    for (let at = start; at < end; at += 1) percentiles[order[at] as number] = (start + end) / 2 / items;
    start = end;
  }
  return percentiles;
}
