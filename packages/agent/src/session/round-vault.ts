import { createCipheriv, createDecipheriv, createPrivateKey, hkdfSync, randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { decodeSiteMessage, decodeUploadMessage, encodeSiteMessage, encodeUploadMessage } from '@noren/protocol';
import type { SiteMessage, UploadHeader } from '@noren/protocol';
import { z } from 'zod';
import { writeAtomically } from '../home/atomic-file.ts';
import type { HomeLayout } from '../home/layout.ts';
import { readBytes } from '../home/read-bytes.ts';
import type { ParticipationStage } from '../home/state.ts';
import { sha256 } from '../ledger/chain.ts';
import type { MaskedUpdate } from './masking.ts';

/** How far a site is that can go on. */
export type KeptStage = Exclude<ParticipationStage, 'seen' | 'finished'>;

/** What a site needs to go on with a round after a crash. */
export interface KeptRound {
  readonly stage: KeptStage;
  /** SiteRound's exported state. */
  readonly masking: Uint8Array;
  /** What was said last and is said again on a new connection, byte for byte. */
  readonly awaiting: readonly SiteMessage[];
  /** Identity keys of the sites that the registrar lists; null without a registrar. */
  readonly members: ReadonlyMap<string, Uint8Array> | null;
  /** The masked update from the step on in which there is one. */
  readonly masked: MaskedUpdate | null;
}

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
/** Random, as NIST SP 800-38D section 8.2.2 allows: a key of one round and one boot encrypts a few records. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const bytes = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const recordSchema = z.strictObject({
  version: z.literal(1),
  stage: z.enum(['keys', 'shared', 'masked', 'confirmed', 'revealed']),
  masking: bytes,
  awaiting: z.array(bytes),
  members: z.array(z.tuple([z.string(), bytes])).nullable(),
  masked: z.strictObject({ header: bytes, chunks: z.array(z.int().min(1)) }).nullable(),
});

/**
 * The secrets of a running round on the site's disk: one file that is replaced before each message that rests on it, and
 * beside it the masked vector, which is no secret. The file is encrypted under a key from the site's identity key and the
 * name of this run of the operating system, so that it says nothing after the next boot: a disk that was put back to an
 * earlier snapshot, which knows nothing of what has been said since, cannot go on with a round. Where the system does not
 * tell one boot from another nothing is kept.
 */
export class RoundVault {
  readonly #layout: HomeLayout;
  readonly #identitySeed: Uint8Array;
  readonly #bootId: string | null;

  /** `identityKey`: Ed25519, PKCS#8 PEM. `bootId`: null where there is none. */
  constructor(layout: HomeLayout, identityKey: string, bootId: string | null) {
    this.#layout = layout;
    this.#identitySeed = Buffer.from(createPrivateKey(identityKey).export({ format: 'jwk' }).d ?? '', 'base64url');
    this.#bootId = bootId;
  }

  round(roundId: string): VaultedRound {
    return new VaultedRound(roundId, this.#layout, this.#bootId === null ? null : this.#key(roundId, this.#bootId));
  }

  #key(roundId: string, bootId: string): Uint8Array {
    const info = `noren/site-round/v1\0${roundId}`;
    return new Uint8Array(hkdfSync('sha256', this.#identitySeed, bootId, info, KEY_BYTES));
  }

  /** Removes what a crash has left of rounds other than this one. */
  async keepOnly(roundId: string | null): Promise<void> {
    const rounds = await readdir(this.#layout.rounds).catch(() => []);
    await Promise.all(rounds.filter((round) => round !== roundId).map((round) => this.round(round).forget()));
  }
}

export class VaultedRound {
  readonly #roundId: string;
  readonly #secrets: string;
  readonly #vector: string;
  readonly #key: Uint8Array | null;
  #forgotten = false;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(roundId: string, layout: HomeLayout, key: Uint8Array | null) {
    this.#roundId = roundId;
    this.#secrets = layout.round(roundId).secrets;
    this.#vector = layout.round(roundId).masked;
    this.#key = key;
  }

  /** On disk when it resolves, in place of what was kept before. Keeps nothing of a round that was forgotten. */
  keep({ stage, masking, awaiting, members, masked }: KeptRound): Promise<void> {
    const record: z.input<typeof recordSchema> = {
      version: 1,
      stage,
      masking: base64(masking),
      awaiting: awaiting.map((message) => base64(encodeSiteMessage(message))),
      members: members === null ? null : Array.from(members, ([site, key]) => [site, base64(key)]),
      masked:
        masked === null
          ? null
          : {
              header: base64(encodeUploadMessage({ kind: 'header', ...masked.header })),
              chunks: masked.chunks.map((chunk) => chunk.length),
            },
    };
    const text = Buffer.from(JSON.stringify(record), 'utf8');
    return this.#inTurn((key) => writeAtomically(this.#secrets, this.#seal(text, key)));
  }

  /** The masked vector; kept before the record that names it. */
  keepVector({ chunks }: MaskedUpdate): Promise<void> {
    return this.#inTurn(() => writeAtomically(this.#vector, chunks));
  }

  /** Null when nothing was kept, or nothing that this site wrote in this run of the operating system. */
  async find(): Promise<KeptRound | null> {
    const sealed = await readBytes(this.#secrets).catch(() => null);
    const opened = sealed === null || this.#key === null ? null : this.#open(sealed, this.#key);
    if (opened === null) return null;
    // Authentic, but perhaps of another version of this program.
    const record = recordSchema.safeParse(JSON.parse(opened.toString('utf8')));
    if (!record.success) return null;
    const { stage, masking, awaiting, members, masked } = record.data;
    const update = masked === null ? null : await this.#findVector(masked.header, masked.chunks);
    if (masked !== null && update === null) return null;
    return {
      stage,
      masking,
      awaiting: awaiting.map(decodeSiteMessage),
      members: members === null ? null : new Map(members),
      masked: update,
    };
  }

  forget(): Promise<void> {
    this.#forgotten = true;
    return this.#queued(async () => {
      await Promise.all([rm(this.#secrets, { force: true }), rm(this.#vector, { force: true })]);
    });
  }

  async #findVector(headerBytes: Uint8Array, sizes: readonly number[]): Promise<MaskedUpdate | null> {
    const message = decodeUploadMessage(headerBytes);
    const vector = await readBytes(this.#vector).catch(() => null);
    if (message.kind !== 'header' || vector === null) return null;
    const { kind: _kind, ...header } = message;
    let end = 0;
    const chunks = sizes.map((size) => vector.subarray(end, (end += size)));
    return isWhole(header, chunks) ? { header, chunks, bytes: end } : null;
  }

  #inTurn(write: (key: Uint8Array) => Promise<void>): Promise<void> {
    return this.#queued(async () => {
      if (!this.#forgotten && this.#key !== null) await write(this.#key);
    });
  }

  #queued(work: () => Promise<void>): Promise<void> {
    const turn = this.#writing.then(work);
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  /** nonce || ciphertext || tag */
  #seal(plaintext: Uint8Array, key: Uint8Array): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce);
    cipher.setAAD(Buffer.from(this.#roundId, 'utf8'));
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  #open(sealed: Uint8Array, key: Uint8Array): Buffer | null {
    const end = sealed.length - TAG_BYTES;
    if (end < NONCE_BYTES) return null;
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(this.#roundId, 'utf8'));
    decipher.setAuthTag(sealed.subarray(end));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()]);
    } catch {
      return null;
    }
  }
}

function isWhole({ chunkHashes }: UploadHeader, chunks: readonly Uint8Array[]): boolean {
  return (
    chunks.length === chunkHashes.length &&
    chunks.every((chunk, index) => sha256(chunk) === Buffer.from(chunkHashes[index] ?? []).toString('hex'))
  );
}

function base64(content: Uint8Array): string {
  return Buffer.from(content.buffer, content.byteOffset, content.length).toString('base64');
}
