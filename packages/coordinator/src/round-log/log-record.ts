import { crc32 } from 'node:zlib';

import type { RoundId, SiteId } from '@noren/protocol';

import type { RoundInput } from '../round/round-input.ts';
import type { Step } from '../round/round-state.ts';

/** Sites that a step fixed and asked: U1 to send their shares, U2 their updates, U3 to sign, its signers' group to reveal. */
export interface Asked {
  readonly step: Step;
  readonly sites: readonly SiteId[];
}

/**
 * What a log's inputs mean: the same ones lead to the same round only under the same rules. It counts up when the round machine, the
 * drawing of groups or the masking decide otherwise than before, not only when a record has another form. 2: cohorts are
 * divided into groups, each with a time to come back of its own.
 */
export const ROUND_LOG_VERSION = 2;

/** First record of a log: what the round is made from beside its plan, which is a blob. */
export interface BeginningRecord {
  readonly kind: 'begun';
  readonly version: typeof ROUND_LOG_VERSION;
  readonly roundId: RoundId;
  /** Ed25519 identity key of every site that may take part, hexadecimal. */
  readonly identityKeys: readonly (readonly [SiteId, string])[];
  /** The sites that the round starts with, in the order of invitation. */
  readonly connected: readonly SiteId[];
}

/** Something that happened to the round and changed it. */
export interface InputRecord {
  readonly kind: 'input';
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly input: RoundInput;
  /**
   * The sets that this input fixed, on disk before the first message that rests on them. A replay makes them again from
   * the records before; that they must be the same is checked, so that another version of this program cannot ask other
   * sites.
   */
  readonly frozen: readonly Asked[];
  /** Of `uploaded`: bytes of each chunk of the spooled vector, in order. */
  readonly chunks: readonly number[];
  /** Of a masking message or an upload's header: its bytes on the wire, with the site's signature. Else empty. */
  readonly payload: Uint8Array;
}

export type RoundLogRecord = BeginningRecord | InputRecord;

/** Length of the body, then its CRC-32 (RFC 1952), both 32 bits little-endian. */
const FRAME_BYTES = 8;
const LENGTH_BYTES = 4;

/** A record's body is the length of its JSON (32 bits little-endian), the JSON, and the payload. */
export function encodeRecord(record: RoundLogRecord): Uint8Array {
  const { payload, ...head } = record.kind === 'input' ? record : { ...record, payload: new Uint8Array() };
  const json = Buffer.from(JSON.stringify(head), 'utf8');
  const bytes = Buffer.alloc(FRAME_BYTES + LENGTH_BYTES + json.length + payload.length);
  const body = bytes.subarray(FRAME_BYTES);
  body.writeUInt32LE(json.length, 0);
  body.set(json, LENGTH_BYTES);
  body.set(payload, LENGTH_BYTES + json.length);
  bytes.writeUInt32LE(body.length, 0);
  bytes.writeUInt32LE(crc32(body), 4);
  return bytes;
}

/**
 * The records at the beginning of a log, and how many bytes they take. What follows a record that is cut short or whose
 * checksum is wrong was never acknowledged: a crash came before its fsync ended.
 */
export function decodeRecords(log: Uint8Array): { readonly records: RoundLogRecord[]; readonly bytes: number } {
  const buffer = Buffer.from(log.buffer, log.byteOffset, log.length);
  const records: RoundLogRecord[] = [];
  let at = 0;
  while (at + FRAME_BYTES <= buffer.length) {
    const end = at + FRAME_BYTES + buffer.readUInt32LE(at);
    const body = buffer.subarray(at + FRAME_BYTES, end);
    // A region that was allocated but not written is zeros, and the CRC of nothing is zero too.
    if (end > buffer.length || body.length < LENGTH_BYTES || crc32(body) !== buffer.readUInt32LE(at + 4)) break;
    records.push(decodeBody(body));
    at = end;
  }
  return { records, bytes: at };
}

/** The checksum was right, so only this program wrote it. */
function decodeBody(body: Buffer): RoundLogRecord {
  const jsonEnd = LENGTH_BYTES + body.readUInt32LE(0);
  const head = JSON.parse(body.toString('utf8', LENGTH_BYTES, jsonEnd)) as RoundLogRecord;
  return head.kind === 'begun' ? head : { ...head, payload: new Uint8Array(body.subarray(jsonEnd)) };
}
