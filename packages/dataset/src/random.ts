import { createHash } from 'node:crypto';

/** Uniform numbers in [0, 1). Reproducible, therefore never for keys or masks. */
export interface RandomStream {
  uniform(): number;
  /** 0 .. limit-1. */
  integer(limit: number): number;
  normal(): number;
  pick<T>(from: readonly T[]): T;
  /** A place in `weights`, drawn in proportion to them; weights >= 0, at least one > 0. */
  weighted(weights: ArrayLike<number>): number;
  shuffle<T>(values: T[]): T[];
}

/**
 * A stream of its own for every (seed, purpose), so that adding a draw in one place never changes another.
 * Generator: sfc32 (PractRand's small fast counter), 128-bit state taken from SHA-256 of seed and purpose.
 */
export function randomStream(seed: number, purpose: string): RandomStream {
  const digest = createHash('sha256').update(`noren/random/${seed}/${purpose}`).digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = digest.readInt32LE(12);

  const uniform = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  const integer = (limit: number): number => Math.floor(uniform() * limit);

  return {
    uniform,
    integer,
    // Box-Muller; 1 - u keeps the logarithm finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    pick: (from) => {
      const picked = from[integer(from.length)];
      if (picked === undefined) throw new RangeError('nothing to pick from');
      return picked;
    },
    weighted: (weights) => {
      let total = 0;
      for (let i = 0; i < weights.length; i++) total += weights[i] ?? 0;
      let left = uniform() * total;
      for (let i = 0; i < weights.length; i++) {
        left -= weights[i] ?? 0;
        if (left < 0) return i;
      }
      return weights.length - 1;
    },
    shuffle: (values) => {
      for (let i = values.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        const swapped = values[i] as (typeof values)[number];
        values[i] = values[j] as (typeof values)[number];
        values[j] = swapped;
      }
      return values;
    },
  };
}

/** A number in [0, 1) that depends only on seed, purpose and text: assigns customers to groups for good. */
export function seededShare(seed: number, purpose: string, text: string): number {
  const digest = createHash('sha256').update(`noren/share/${seed}/${purpose}\u0000${text}`).digest();
  return digest.readUInt32LE(0) / 4294967296;
}
