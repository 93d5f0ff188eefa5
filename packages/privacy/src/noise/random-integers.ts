/** Gives that many fresh bytes of cryptographic quality. */
export type RandomSource = (bytes: number) => Uint8Array;

/** Asking the source for a few bytes at a time would cost more than all the arithmetic. */
const BUFFER_BYTES = 4096;

/** Uniform integers from a source of random bytes, without bias. */
export class RandomIntegers {
  readonly #random: RandomSource;
  #buffer: Uint8Array = new Uint8Array(0);
  #used = 0;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** Uniform on 0 .. bound - 1; bound >= 1. */
  below(bound: bigint): bigint {
    const bits = (bound - 1n).toString(2).length;
    const bytes = Math.ceil(bits / 8);
    const excess = BigInt(8 * bytes - bits);
    // Of the values with as many bits as the bound's, more than half are below it: two tries on average at most.
    for (;;) {
      let value = 0n;
      for (let i = 0; i < bytes; i++) value = (value << 8n) | BigInt(this.#byte());
      value >>= excess;
      if (value < bound) return value;
    }
  }

  /** 0 or 1. */
  bit(): boolean {
    return (this.#byte() & 1) === 1;
  }

  #byte(): number {
    if (this.#used === this.#buffer.length) {
      this.#buffer = this.#random(BUFFER_BYTES);
      this.#used = 0;
    }
    return this.#buffer[this.#used++]!;
  }
}
