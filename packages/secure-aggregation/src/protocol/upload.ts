import { AggregationError } from '../errors.ts';
import { equalBytes, sha256 } from '../keys/bytes.ts';
import type { MaskedHeader } from '../messages.ts';
import { packedElements, unpack } from '../ring/packing.ts';
import type { RingBits } from '../ring/ring-width.ts';

/** Where one site's chunks go. */
export interface UploadSink {
  /**
   * Takes the chunk with this index, in order from 0: true. A chunk that came before is checked and passed over, so a
   * site whose connection broke may begin again: false.
   *
   * @throws AggregationError `malformed` (out of order, wrong size), `bad-chunk`, `wrong-state` (uploads are closed)
   */
  chunk(index: number, data: Uint8Array): boolean;
  /**
   * Adds the vector to the sum: all of it or, until now, nothing. Harmless when repeated.
   *
   * @throws AggregationError `incomplete-upload`, `wrong-state` (uploads are closed)
   */
  complete(): void;
}

/**
 * A site's masked vector on its way in. It is kept whole until every chunk has come, because half a vector in the sum
 * could not be taken out again. Memory: one vector from the first chunk until `complete`.
 */
export class Upload implements UploadSink {
  readonly header: MaskedHeader;
  readonly #siteId: string;
  readonly #ringBits: RingBits;
  readonly #add: (vector: Int32Array) => void;
  #pending: Int32Array | null = null;
  #received = 0;
  #offset = 0;
  #state: 'open' | 'complete' | 'closed' = 'open';

  constructor(siteId: string, header: MaskedHeader, ringBits: RingBits, add: (vector: Int32Array) => void) {
    this.#siteId = siteId;
    this.header = header;
    this.#ringBits = ringBits;
    this.#add = add;
  }

  get isComplete(): boolean {
    return this.#state === 'complete';
  }

  chunk(index: number, data: Uint8Array): boolean {
    this.#assertNotClosed();
    const expected = this.header.chunkHashes[index];
    if (!expected || index > this.#received) {
      throw new AggregationError('malformed', `Chunk ${index} of ${this.#siteId} came before chunk ${this.#received}.`);
    }
    if (!equalBytes(sha256(data), expected)) {
      throw new AggregationError('bad-chunk', `Chunk ${index} of ${this.#siteId} is not the one it signed for.`, [
        this.#siteId,
      ]);
    }
    if (index < this.#received) return false;
    this.#append(data);
    return true;
  }

  complete(): void {
    this.#assertNotClosed();
    if (this.#state === 'complete') return;
    const chunks = this.header.chunkHashes.length;
    if (!this.#pending || this.#received < chunks || this.#offset < this.header.length) {
      throw new AggregationError(
        'incomplete-upload',
        `${this.#siteId} sent ${this.#received} of ${chunks} chunks, ${this.#offset} of ${this.header.length} elements.`,
        [this.#siteId],
      );
    }
    this.#add(this.#pending);
    this.#pending = null;
    this.#state = 'complete';
  }

  /** Nothing more is taken; what is not complete is thrown away. */
  close(): void {
    this.#pending = null;
    if (this.#state === 'open') this.#state = 'closed';
  }

  #append(data: Uint8Array): void {
    const elements = packedElements(data.length, this.#ringBits);
    if (!elements || this.#offset + elements > this.header.length) {
      throw new AggregationError(
        'malformed',
        `A chunk of ${data.length} bytes does not fit into the vector of ${this.#siteId}.`,
        [this.#siteId],
      );
    }
    this.#pending ??= new Int32Array(this.header.length);
    unpack(data, this.#ringBits, this.#pending.subarray(this.#offset, this.#offset + elements));
    this.#offset += elements;
    this.#received += 1;
  }

  #assertNotClosed(): void {
    if (this.#state !== 'closed') return;
    throw new AggregationError('wrong-state', `The upload of ${this.#siteId} was not complete when uploads closed.`);
  }
}
