import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const HASH_BYTES = 32;
const BATCH = 512;

/** What the vectors of a cache have in common. */
export interface VectorKind {
  /** Of letters, digits and hyphens. Another name for every other way to compute them. */
  readonly name: string;
  readonly width: number;
}

/**
 * Vectors by the SHA-256 of what they describe, on disk in batches. A batch is written under another name and then
 * renamed, so a run that is cut off loses at most one batch and never leaves half of one.
 */
export class VectorCache {
  readonly #folder: string | null;
  readonly #kind: VectorKind;
  readonly #known = new Map<string, Float32Array>();
  #unsaved: [hash: string, vector: Float32Array][] = [];

  private constructor(folder: string | null, kind: VectorKind) {
    this.#folder = folder;
    this.#kind = kind;
  }

  /** Without a folder nothing is kept beyond this object. */
  static async open(folder: string | null, kind: VectorKind): Promise<VectorCache> {
    const cache = new VectorCache(folder, kind);
    if (folder === null) return cache;
    await mkdir(folder, { recursive: true });
    const own = new RegExp(`^${kind.name}-[0-9a-f-]{36}\\.bin$`);
    for (const name of (await readdir(folder)).sort())
      if (own.test(name)) cache.#load(await readFile(join(folder, name)));
    return cache;
  }

  static hash(content: Uint8Array | string): string {
    return createHash('sha256').update(content).digest('hex');
  }

  get(hash: string): Float32Array | undefined {
    return this.#known.get(hash);
  }

  async put(hash: string, vector: Float32Array): Promise<void> {
    this.#known.set(hash, vector);
    if (this.#folder === null) return;
    this.#unsaved.push([hash, vector]);
    if (this.#unsaved.length >= BATCH) await this.save();
  }

  /** Writes what is not yet on disk. */
  async save(): Promise<void> {
    if (this.#folder === null || this.#unsaved.length === 0) return;
    const batch = this.#unsaved;
    this.#unsaved = [];
    const record = this.#recordBytes();
    const bytes = Buffer.alloc(batch.length * record);
    for (const [at, [hash, vector]] of batch.entries()) {
      bytes.write(hash, at * record, 'hex');
      for (const [k, value] of vector.entries()) bytes.writeFloatLE(value, at * record + HASH_BYTES + k * 4);
    }
    const name = `${this.#kind.name}-${randomUUID()}.bin`;
    await writeFile(join(this.#folder, `${name}.part`), bytes);
    await rename(join(this.#folder, `${name}.part`), join(this.#folder, name));
  }

  #load(bytes: Buffer): void {
    const record = this.#recordBytes();
    // A file of another length is not one of ours: computing again is cheaper than trusting it.
    if (bytes.length % record !== 0) return;
    for (let from = 0; from < bytes.length; from += record) {
      const hash = bytes.toString('hex', from, from + HASH_BYTES);
      const vector = new Float32Array(this.#kind.width);
      for (let k = 0; k < vector.length; k++) vector[k] = bytes.readFloatLE(from + HASH_BYTES + k * 4);
      this.#known.set(hash, vector);
    }
  }

  #recordBytes(): number {
    return HASH_BYTES + this.#kind.width * 4;
  }
}
