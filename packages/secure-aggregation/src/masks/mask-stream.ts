import { createCipheriv, type Cipher } from 'node:crypto';

/**
 * Words per call into OpenSSL. 64 KiB stays in the cache between being written by the cipher and being added to the
 * vector; with one call per megabyte or more the keystream costs two to five times as much in page faults.
 */
export const PIECE_WORDS = 16_384;

const ZEROS = new Uint8Array(PIECE_WORDS * Int32Array.BYTES_PER_ELEMENT);

/** Of the cipher, which counts in blocks of 16 bytes. */
const BLOCK_WORDS = 4;

/**
 * The pseudo-random generator that stretches a 32-byte seed to mask words: the keystream of AES-256-CTR (NIST SP
 * 800-38A) from counter block zero on, read as little-endian 32-bit words. A seed makes one stream and is never used
 * again; all of its 256 bits go into the cipher.
 */
export class MaskStream {
  readonly #cipher: Cipher;

  /** @param start the word it begins at, 0 .. 2^53 - 1; the words before it cost nothing */
  constructor(seed: Uint8Array, start = 0) {
    this.#cipher = createCipheriv('aes-256-ctr', seed, counterBlock(Math.floor(start / BLOCK_WORDS)));
    const skipped = start % BLOCK_WORDS;
    if (skipped > 0) this.next(skipped);
  }

  /** The next words, at most `PIECE_WORDS`: signed 32-bit, each of the 2^32 values as likely as any other. */
  next(words: number): Int32Array {
    const keystream = this.#cipher.update(ZEROS.subarray(0, words * Int32Array.BYTES_PER_ELEMENT));
    return new Int32Array(keystream.buffer, keystream.byteOffset, words);
  }
}

/** The counter is the whole block, big-endian. */
function counterBlock(block: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(8, BigInt(block));
  return bytes;
}
