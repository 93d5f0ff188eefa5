import type { SeededRandom } from '../random/seeded-random.ts';
import type { Windows } from './windows.ts';

/** How windows are varied, anew in every epoch, so that little data is not learned by heart. */
export interface Augmentation {
  /** Probability with which each purchase of a window is left out, 0 .. 1; at least two stay. */
  readonly thinning: number;
  /**
   * Share of the windows whose purchases are put in random order, 0 .. 1. In many shops what is bought together says more
   * than what comes first.
   */
  readonly shuffling: number;
}

export function augmentedWindows(windows: Windows, o: Augmentation, random: SeededRandom): Windows {
  if (o.thinning === 0 && o.shuffling === 0) return windows;
  const { length } = windows;
  const inputs = new Int32Array(windows.inputs.length);
  const targets = new Int32Array(windows.targets.length);
  const sizes = new Int32Array(windows.count);
  let examples = 0;
  for (let row = 0; row < windows.count; row += 1) {
    const first = row * length;
    const size = windows.sizes[row] as number;
    const purchases = [...windows.inputs.subarray(first, first + size), windows.targets[first + size - 1] as number];
    const thinned = purchases.filter(() => random.uniform() >= o.thinning);
    const kept = thinned.length < 2 ? purchases : thinned;
    const ordered = random.uniform() < o.shuffling ? random.shuffle(kept) : kept;
    sizes[row] = ordered.length - 1;
    examples += ordered.length - 1;
    inputs.set(ordered.slice(0, -1), first);
    targets.set(ordered.slice(1), first);
  }
  return { ...windows, inputs, targets, sizes, examples };
}
