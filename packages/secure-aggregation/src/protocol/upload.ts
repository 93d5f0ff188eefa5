import { AggregationError } from '../errors.ts';
import { equalBytes, sha256 } from '../keys/bytes.ts';
import type { MaskedHeader } from '../messages.ts';
import { packedElements, unpack } from '../ring/packing.ts';
import type { RingBits } from '../ring/ring-width.ts';

/** A site's chunks, in order, from wherever the caller keeps them. */
export type KeptChunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Where one site's chunks are checked, and added up once all have come. The caller keeps them in between, on disk or not. */
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
   * @param kept the chunks for which `chunk` said true
   * @throws AggregationError `incomplete-upload`, `wrong-state` (uploads are closed), `spoilt-sum` (the chunks are not those
   *   that were checked, or cannot be read: a part of them is in the sum, and the sum is lost)
   */
  complete(kept: KeptChunks): Promise<void>;
}

/**
 * A site's masked vector on its way in. Its chunks are not added as they come, because half a vector in the sum could not be
 * taken out again; and they are not held here, so that the memory for a vector is one chunk.
 */
export class Upload implements UploadSink {
  readonly header: MaskedHeader;
  readonly #siteId: string;
  readonly #ringBits: RingBits;
  readonly #add: (elements: Int32Array, offset: number) => void;
  #received = 0;
  #elements = 0;
  #state: 'open' | 'complete' | 'closed' = 'open';
  #adding: Promise<void> | null = null;

  /** @param add adds elements to the sum, from `offset` on */
  constructor(
    siteId: string,
    header: MaskedHeader,
    ringBits: RingBits,
    add: (elements: Int32Array, offset: number) => void,
  ) {
    this.#siteId = siteId;
    this.header = header;
    this.#ringBits = ringBits;
    this.#add = add;
  }

  get isComplete(): boolean {
    return this.#state === 'complete';
  }

  /** Whether a part of the vector is in the sum, now or for good. */
  get isPartial(): boolean {
    return this.#adding !== null && !this.isComplete;
  }

  chunk(index: number, data: Uint8Array): boolean {
    this.#assertNotClosed();
    if (index > this.#received || index >= this.header.chunkHashes.length) {
      throw new AggregationError('malformed', `Chunk ${index} of ${this.#siteId} came before chunk ${this.#received}.`);
    }
    if (!this.#isSigned(index, data)) {
      throw new AggregationError('bad-chunk', `Chunk ${index} of ${this.#siteId} is not the one it signed for.`, [
        this.#siteId,
      ]);
    }
    if (index < this.#received) return false;
    const elements = packedElements(data.length, this.#ringBits);
    if (!elements || this.#elements + elements > this.header.length) {
      throw new AggregationError(
        'malformed',
        `A chunk of ${data.length} bytes does not fit into the vector of ${this.#siteId}.`,
        [this.#siteId],
      );
    }
    this.#elements += elements;
    this.#received += 1;
    return true;
  }

  async complete(kept: KeptChunks): Promise<void> {
    this.#assertNotClosed();
    const chunks = this.header.chunkHashes.length;
    if (this.#received < chunks || this.#elements < this.header.length) {
      throw new AggregationError(
        'incomplete-upload',
        `${this.#siteId} sent ${this.#received} of ${chunks} chunks, ${this.#elements} of ${this.header.length} elements.`,
        [this.#siteId],
      );
    }
    this.#adding ??= this.#addAll(kept);
    await this.#adding;
    this.#state = 'complete';
  }

  /** Nothing more is taken. */
  close(): void {
    if (this.#state === 'open') this.#state = 'closed';
  }

  /** What was kept is held against the site's signature once more: it may have been on a disk. */
  async #addAll(kept: KeptChunks): Promise<void> {
    let [index, offset] = [0, 0];
    try {
      for await (const data of kept) {
        if (!this.#isSigned(index, data)) throw new TypeError(`Chunk ${index} is not the one that was checked.`);
        const elements = new Int32Array(packedElements(data.length, this.#ringBits) ?? 0);
        unpack(data, this.#ringBits, elements);
        this.#add(elements, offset);
        offset += elements.length;
        index += 1;
      }
      if (index < this.header.chunkHashes.length) throw new TypeError(`Only ${index} chunks were kept.`);
    } catch (cause) {
      const message = `The sum is lost: the masked vector of ${this.#siteId} could be added in part only.`;
      throw new AggregationError('spoilt-sum', message, [], { cause });
    }
  }

  #isSigned(index: number, data: Uint8Array): boolean {
    const expected = this.header.chunkHashes[index];
    return expected !== undefined && equalBytes(sha256(data), expected);
  }

  #assertNotClosed(): void {
    if (this.#state !== 'closed') return;
    throw new AggregationError('wrong-state', `The upload of ${this.#siteId} was not complete when uploads closed.`);
  }
}
