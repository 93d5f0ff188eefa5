import type { Scores } from './ranker.ts';

/** The best `count` items outside `excluded`, best first; equal scores in catalogue order. */
export function topItems(scores: Scores, excluded: ReadonlySet<number>, count: number): Int32Array {
  const best = new Int32Array(Math.max(0, Math.min(count, scores.length)));
  let found = 0;
  for (let item = 0; item < scores.length && best.length > 0; item += 1) {
    const score = scores[item] as number;
    if (found === best.length && !(score > (scores[best[found - 1] as number] as number))) continue;
    if (excluded.has(item)) continue;
    let place = found === best.length ? found - 1 : found;
    for (; place > 0 && score > (scores[best[place - 1] as number] as number); place -= 1) {
      best[place] = best[place - 1] as number;
    }
    best[place] = item;
    if (found < best.length) found += 1;
  }
  return best.subarray(0, found);
}
