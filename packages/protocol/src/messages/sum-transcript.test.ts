import type { SumTranscript } from '@noren/secure-aggregation';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { noren } from '../generated/noren.js';
import { ProtocolError } from '../protocol-error.ts';
import { decodeCoordinatorMessage } from './coordinator-message.ts';
import { decodeTranscript, encodeTranscript, MAXIMUM_TRANSCRIPT_BYTES } from './sum-transcript.ts';

const bytes = (size: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((array) => new Uint8Array(array));
const site = fc.nat(9999);
const statement = fc.record({ site, statement: bytes(32) });
const transcript: fc.Arbitrary<SumTranscript> = fc.record({
  roundId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  planHash: bytes(32),
  opened: fc.boolean(),
  rosterHash: bytes(32),
  sites: fc.array(fc.record({ siteId: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/), keys: bytes(32) })),
  shares: fc.array(statement),
  vectors: fc.array(fc.record({ site, statement: bytes(32), signature: bytes(64) })),
  witnesses: fc.array(fc.record({ site, signature: bytes(64) })),
  reveals: fc.array(statement),
});

test('a transcript is read as it was written, and the same one is the same bytes', () => {
  fc.assert(
    fc.property(transcript, (one) => {
      const document = encodeTranscript(one);
      const read = decodeTranscript(document);
      expect(read).toEqual(one);
      expect(encodeTranscript(read)).toEqual(document);
    }),
    { numRuns: 30 },
  );
});

test('of a hundred sites with ids of 16 letters it is 30 KB', () => {
  const sites = Array.from({ length: 100 }, () => ({ siteId: 'x'.repeat(16), keys: new Uint8Array(32) }));
  const statements = sites.map((_, number) => ({ site: number, statement: new Uint8Array(32) }));
  const signed = statements.map((one) => ({ ...one, signature: new Uint8Array(64) }));
  const [hash, opened] = [new Uint8Array(32), true];
  const group = { roundId: 'x'.repeat(16), planHash: hash, opened, rosterHash: hash, sites };
  const witnesses = signed.map(({ site: number, signature }) => ({ site: number, signature }));
  const document = encodeTranscript({ ...group, shares: statements, vectors: signed, witnesses, reveals: statements });
  expect(document).toHaveLength(30_480);
});

test('that of the largest cohort is within the limit, and what is longer is not read', () => {
  const sites = Array.from({ length: 10_000 }, (_, number) => ({
    siteId: 'x'.repeat(58) + String(number).padStart(5, '0'),
    keys: new Uint8Array(32),
  }));
  const statements = sites.map((_, number) => ({ site: number, statement: new Uint8Array(32) }));
  const signed = statements.map((one) => ({ ...one, signature: new Uint8Array(64) }));
  const largest = encodeTranscript({
    roundId: 'r',
    planHash: new Uint8Array(32),
    opened: true,
    rosterHash: new Uint8Array(32),
    sites,
    shares: statements,
    vectors: signed,
    witnesses: signed.map(({ site: number, signature }) => ({ site: number, signature })),
    reveals: statements,
  });
  expect(largest.length).toBeLessThan(MAXIMUM_TRANSCRIPT_BYTES);
  expect(() => decodeTranscript(new Uint8Array(MAXIMUM_TRANSCRIPT_BYTES + 1))).toThrow(ProtocolError);
  expect(() => decodeTranscript(new Uint8Array([1, 2, 3]))).toThrow(ProtocolError);
});

test('a coordinator that knows no transcripts announces none', () => {
  const candidateAnnouncement = { roundId: 'r', candidateHash: 'a'.repeat(64) };
  const frame = noren.v1.SessionResponse.encode({ candidateAnnouncement } as never).finish();
  expect(decodeCoordinatorMessage(frame)).toMatchObject({ kind: 'candidateAnnouncement', transcriptHash: null });
});
