import type { NoiseRequest } from '../runtime/executable.ts';
import { sizeOf } from '../safetensors/tensor-file.ts';

/** Stretches begin at one of this many places, 64 bytes apart, so that two steps hardly ever meet the same noise. */
const STARTS = 2 ** 14;
const START_STRIDE = 16;
const GROWTH = 2 ** 16;

/**
 * Seeded noise made once and read at places drawn per step and call. Making millions of fresh values costs a training
 * step a third of its time; a stretch of a pool costs nothing, and the same seed repeats it exactly.
 * Pools grow on demand and their values do not depend on when they grew, so runtimes agree.
 */
export class NoisePool {
  readonly #seed: number;
  readonly #pools = new Map<string, { values: Float32Array; draw: () => number }>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** A view, not a copy: do not write to it. */
  stretch(request: NoiseRequest, step: number, call: number): Float32Array {
    const start = (mix(mix(mix(this.#seed) ^ step) ^ call) % STARTS) * START_STRIDE;
    const length = sizeOf(request.shape);
    return this.#values(request, STARTS * START_STRIDE + length).subarray(start, start + length);
  }

  #values(request: NoiseRequest, length: number): Float32Array {
    const key = request.kind === 'dropout' ? `dropout ${request.rate}` : request.kind;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      const uniform = uniformGenerator(mix(this.#seed) ^ hashOf(key));
      const draw = request.kind === 'dropout' ? maskGenerator(uniform, request.rate) : normalGenerator(uniform);
      pool = { values: new Float32Array(), draw };
      this.#pools.set(key, pool);
    }
    if (pool.values.length < length) {
      const values = new Float32Array(Math.ceil(length / GROWTH) * GROWTH);
      values.set(pool.values);
      for (let i = pool.values.length; i < values.length; i++) values[i] = pool.draw();
      pool.values = values;
    }
    return pool.values;
  }
}

function maskGenerator(uniform: () => number, rate: number): () => number {
  const kept = 1 / (1 - rate);
  return () => (uniform() < rate ? 0 : kept);
}

/** Box and Muller's transform; each pair of uniforms gives two values. */
function normalGenerator(uniform: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** Doty-Humphrey's sfc32: 128 bits of state, passes PractRand; not for secrets. Values in [0, 1). */
function uniformGenerator(seed: number): () => number {
  let a = mix(seed);
  let b = mix(a);
  let c = mix(b);
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** The finaliser of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let hash = (value + 0x9e3779b9) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function hashOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = mix(hash ^ text.charCodeAt(i));
  return hash;
}
