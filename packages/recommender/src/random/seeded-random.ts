/**
 * A small seeded generator (sfc32, PractRand-clean) for initial values, batch order and resampling. Reproducible on
 * every platform; never for secrets.
 */
export interface SeededRandom {
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number;
  /** Uniform in 0 .. bound - 1. */
  below(bound: number): number;
  /** Standard normal (Box-Muller, one value a call). */
  normal(): number;
  /** Fisher-Yates in place; returns its argument. */
  shuffle<T extends Int32Array | number[]>(values: T): T;
}

/** `purpose` separates streams of one seed, so that adding a consumer never shifts the values of another. */
export function seededRandom(seed: number, purpose: string): SeededRandom {
  // Kept as signed 32-bit integers, which the engine does not box.
  let a = fnv1a(purpose);
  let b = seed | 0;
  let c = Math.floor(seed / 2 ** 32) | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum;
  };
  for (let warmUp = 0; warmUp < 15; warmUp += 1) next();
  const uniform = (): number => (next() >>> 0) / 2 ** 32;
  const below = (bound: number): number => Math.floor(uniform() * bound);
  return {
    uniform,
    below,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    shuffle: (values) => {
      for (let last = values.length - 1; last > 0; last -= 1) {
        const other = below(last + 1);
        const kept = values[last] as number;
        values[last] = values[other] as number;
        values[other] = kept;
      }
      return values;
    },
  };
}

/** FNV-1a over UTF-16 code units, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash | 0;
}
