import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { IMAGE_DESCRIPTOR_LENGTH, IMAGE_DESCRIPTOR_VERSION } from './image-descriptor.ts';

const HASH_BYTES = 32;
const RECORD_BYTES = HASH_BYTES + IMAGE_DESCRIPTOR_LENGTH * 4;
const BATCH = 512;
const BATCH_FILE = new RegExp(`^descriptors-v${IMAGE_DESCRIPTOR_VERSION}-[0-9a-f-]{36}\\.bin$`);

/**
 * Image descriptors by the SHA-256 of the image file, on disk in batches. A batch is written under another name and
 * then renamed, so a run that is cut off loses at most one batch and never leaves half of one.
 */
export class DescriptorCache {
  readonly #folder: string | null;
  readonly #known = new Map<string, Float32Array>();
  #unsaved: [hash: string, descriptor: Float32Array][] = [];

  private constructor(folder: string | null) {
    this.#folder = folder;
  }

  /** Without a folder nothing is kept beyond this object. */
  static async open(folder: string | null): Promise<DescriptorCache> {
    const cache = new DescriptorCache(folder);
    if (folder === null) return cache;
    await mkdir(folder, { recursive: true });
    for (const name of (await readdir(folder)).sort())
      if (BATCH_FILE.test(name)) cache.#load(await readFile(join(folder, name)));
    return cache;
  }

  static hash(image: Uint8Array): string {
    return createHash('sha256').update(image).digest('hex');
  }

  get(hash: string): Float32Array | undefined {
    return this.#known.get(hash);
  }

  async put(hash: string, descriptor: Float32Array): Promise<void> {
    this.#known.set(hash, descriptor);
    if (this.#folder === null) return;
    this.#unsaved.push([hash, descriptor]);
    if (this.#unsaved.length >= BATCH) await this.save();
  }

  /** Writes what is not yet on disk. */
  async save(): Promise<void> {
    if (this.#folder === null || this.#unsaved.length === 0) return;
    const batch = this.#unsaved;
    this.#unsaved = [];
    const bytes = Buffer.alloc(batch.length * RECORD_BYTES);
    for (const [at, [hash, descriptor]] of batch.entries()) {
      bytes.write(hash, at * RECORD_BYTES, 'hex');
      for (const [k, value] of descriptor.entries()) bytes.writeFloatLE(value, at * RECORD_BYTES + HASH_BYTES + k * 4);
    }
    const name = `descriptors-v${IMAGE_DESCRIPTOR_VERSION}-${randomUUID()}.bin`;
    await writeFile(join(this.#folder, `${name}.part`), bytes);
    await rename(join(this.#folder, `${name}.part`), join(this.#folder, name));
  }

  #load(bytes: Buffer): void {
    // A file of another length is not one of ours: computing again is cheaper than trusting it.
    if (bytes.length % RECORD_BYTES !== 0) return;
    for (let from = 0; from < bytes.length; from += RECORD_BYTES) {
      const hash = bytes.toString('hex', from, from + HASH_BYTES);
      const descriptor = Float32Array.from({ length: IMAGE_DESCRIPTOR_LENGTH }, (_, k) =>
        bytes.readFloatLE(from + HASH_BYTES + k * 4),
      );
      this.#known.set(hash, descriptor);
    }
  }
}
