/**
 * Exact Shapley values (Shapley 1953): what each of n players adds on average over all orders in which they can join,
 *
 *   phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! (v(S with i) - v(S)).
 *
 * They add up to v(all) - v(none); equal players get equal shares; who never adds anything gets 0.
 *
 * @param values v of each set of players, by bit mask: 2^n of them, v(none) first. n at most 16
 * @throws TypeError when their number is no power of two
 */
export function shapleyValues(values: readonly number[]): number[] {
  const players = Math.log2(values.length);
  if (!Number.isInteger(players) || players > 16)
    throw new TypeError(`${values.length} values are not one for each set`);
  return Array.from({ length: players }, (_, player) => {
    const bit = 1 << player;
    let sum = 0;
    values.forEach((value, set) => {
      if ((set & bit) === 0) sum += shareOfOrders(sizeOf(set), players) * ((values[set | bit] as number) - value);
    });
    return sum;
  });
}

/** Share of all orders in which exactly one given set of this size comes before one given player. */
function shareOfOrders(size: number, players: number): number {
  let ways = players;
  for (let chosen = 0; chosen < size; chosen += 1) ways *= (players - 1 - chosen) / (chosen + 1);
  return 1 / ways;
}

function sizeOf(set: number): number {
  let size = 0;
  for (let rest = set; rest > 0; rest >>= 1) size += rest & 1;
  return size;
}
