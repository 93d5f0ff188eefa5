import type { SiteNumber } from './site-number.ts';

/** A set of sites as messages list it: roster numbers in strictly ascending order, hence none twice. */
export class SiteSet implements Iterable<SiteNumber> {
  readonly numbers: readonly SiteNumber[];
  readonly #elements: ReadonlySet<SiteNumber>;
  #bytes: Uint8Array | null = null;

  private constructor(numbers: readonly SiteNumber[]) {
    this.numbers = numbers;
    this.#elements = new Set(numbers);
  }

  /** @param sites in any order */
  static of(sites: Iterable<SiteNumber>): SiteSet {
    return new SiteSet(Array.from(new Set(sites)).sort((a, b) => a - b));
  }

  get size(): number {
    return this.numbers.length;
  }

  /** What is signed: each number as uint32, big-endian. A set of thousands is signed and verified thousands of times. */
  get bytes(): Uint8Array {
    return (this.#bytes ??= uint32s(this.numbers));
  }

  has(site: SiteNumber): boolean {
    return this.#elements.has(site);
  }

  equals(other: SiteSet): boolean {
    return this.size === other.size && this.numbers.every((site) => other.has(site));
  }

  [Symbol.iterator](): Iterator<SiteNumber> {
    return this.numbers[Symbol.iterator]();
  }
}

function uint32s(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * Uint32Array.BYTES_PER_ELEMENT);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => view.setUint32(index * Uint32Array.BYTES_PER_ELEMENT, number));
  return bytes;
}
