import type { SumTranscript } from '@noren/secure-aggregation';
import { z } from 'zod';

import { noren } from '../generated/noren.js';
import { roundIdSchema, siteIdSchema } from '../identifiers.ts';
import { MAXIMUM_COHORT } from '../plan/plan-aggregation.ts';
import { ProtocolError } from '../protocol-error.ts';
import { bytesField, decodeFrame, wireCodec } from './wire-codec.ts';

/** Of the largest cohort, with the longest ids, it takes less. */
export const MAXIMUM_TRANSCRIPT_BYTES: number = 4 * 1024 * 1024;

const site = z
  .int()
  .min(0)
  .max(MAXIMUM_COHORT - 1);
const digest = bytesField(32);
const signature = bytesField(64);
const statements = z.array(z.object({ site, statement: digest })).max(MAXIMUM_COHORT);

const transcript = wireCodec<SumTranscript, noren.v1.SumTranscript.$Properties>(
  'sumTranscript',
  z.object({
    roundId: roundIdSchema,
    planHash: digest,
    opened: z.boolean(),
    rosterHash: digest,
    sites: z.array(z.object({ siteId: siteIdSchema, keys: digest })).max(MAXIMUM_COHORT),
    shares: statements,
    vectors: z.array(z.object({ site, statement: digest, signature })).max(MAXIMUM_COHORT),
    witnesses: z.array(z.object({ site, signature })).max(MAXIMUM_COHORT),
    reveals: statements,
  }),
);

/** The document whose SHA-256 is the transcript's hash: equal transcripts give equal bytes. */
export function encodeTranscript(message: SumTranscript): Uint8Array {
  return noren.v1.SumTranscript.encode(transcript.toWire(message)).finish();
}

/** Reads and checks a document of at most MAXIMUM_TRANSCRIPT_BYTES. Throws ProtocolError `invalid-message`. */
export function decodeTranscript(bytes: Uint8Array): SumTranscript {
  if (bytes.length > MAXIMUM_TRANSCRIPT_BYTES) {
    throw new ProtocolError('invalid-message', `A transcript has ${bytes.length} bytes, more than it can need.`);
  }
  return transcript.fromWire(decodeFrame('SumTranscript', noren.v1.SumTranscript, bytes));
}
