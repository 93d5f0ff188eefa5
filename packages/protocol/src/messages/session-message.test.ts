import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { noren } from '../generated/noren.js';
import { parseHash, parseRoundId, parseSiteId } from '../identifiers.ts';
import { ProtocolError } from '../protocol-error.ts';
import { decodeCoordinatorMessage, encodeCoordinatorMessage } from './coordinator-message.ts';
import type { CoordinatorMessage } from './coordinator-message.ts';
import { decodeSiteMessage, encodeSiteMessage } from './site-message.ts';
import type { SiteMessage } from './site-message.ts';

const bytes = (minimum: number, maximum = minimum): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: minimum, maxLength: maximum }).map((array) => new Uint8Array(array));
const hash = fc.stringMatching(/^[0-9a-f]{64}$/).map(parseHash);
const roundId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/).map(parseRoundId);
const siteId = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/).map(parseSiteId);
const text = fc.string({ unit: 'grapheme', maxLength: 100 }).filter((value) => !/\p{Cc}/u.test(value));
const place = fc.nat(9999);
const places = fc.uniqueArray(place, { maxLength: 20 }).map((list) => list.toSorted((a, b) => a - b));
const metric = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0);
const interval = fc.record({ mean: metric, low: metric, high: metric });
const strategy = fc.constantFrom(
  'scratch' as const,
  'backbone' as const,
  'local' as const,
  'federated' as const,
  'blend' as const,
);
const shares = fc.array(fc.record({ from: place, to: place, ciphertext: bytes(1, 256) }), { maxLength: 5 });
const advertisement = fc.record({
  roundId,
  siteId,
  channelKey: bytes(32),
  maskKey: bytes(32),
  selfMaskCommitment: bytes(32),
  nonce: bytes(16, 32),
  signature: bytes(64),
});
const revealedShare = fc.record({
  of: place,
  share: fc.record({ kind: fc.constantFrom('self-mask' as const, 'mask-key' as const), value: bytes(1, 256) }),
});

const siteMessage: fc.Arbitrary<SiteMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('hello' as const),
    agentVersion: text.map((v) => v.slice(0, 60).trim()),
    releaseHash: fc.option(hash),
  }),
  fc.constant({ kind: 'heartbeat' as const }),
  fc.record({ kind: fc.constant('offerReply' as const), roundId, accepted: fc.boolean(), reason: text }),
  fc.record({
    kind: fc.constant('progress' as const),
    roundId,
    activity: fc.constantFrom('downloading', 'relearning', 'uploading', 'evaluating', 'preparing'),
    fraction: fc.float({ min: 0, max: 1, noNaN: true }).map((value) => value + 0),
  }),
  advertisement.map((value) => ({ kind: 'keyAdvertisement' as const, ...value })),
  fc.record({
    kind: fc.constant('sealedShares' as const),
    roundId,
    rosterHash: bytes(32),
    shares,
    signature: bytes(64),
  }),
  fc.record({ kind: fc.constant('survivorSignature' as const), roundId, signature: bytes(64) }),
  fc.record({
    kind: fc.constant('revealedShares' as const),
    roundId,
    shares: fc.array(revealedShare, { maxLength: 5 }),
    signature: bytes(64),
  }),
  fc.record({
    kind: fc.constant('evaluationReport' as const),
    roundId,
    candidateHash: hash,
    customers: fc.nat(),
    chosen: strategy,
    adopted: fc.boolean(),
    explanation: text,
    scores: fc.uniqueArray(fc.record({ strategy, ndcg: interval, hr: interval }), {
      selector: (score) => score.strategy,
    }),
    differenceMean: metric,
    differenceStandardError: metric,
  }),
  fc.record({ kind: fc.constant('withdrawal' as const), roundId, reason: text }),
);

const coordinatorMessage: fc.Arbitrary<CoordinatorMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('welcome' as const),
    federation: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,20}$/),
    heartbeatSeconds: fc.integer({ min: 1, max: 3600 }),
  }),
  fc.record({ kind: fc.constant('roundOffer' as const), plan: bytes(1, 300), signature: bytes(64) }),
  fc.array(advertisement, { maxLength: 4 }).chain((advertisements) =>
    fc.record({
      kind: fc.constant('keyRoster' as const),
      roundId,
      advertisements: fc.constant(advertisements),
      identityKeys: fc.array(bytes(32), { minLength: advertisements.length, maxLength: advertisements.length }),
      cohort: fc.array(siteId, { maxLength: 6 }),
    }),
  ),
  fc.record({ kind: fc.constant('shareDelivery' as const), roundId, sharingSites: places, shares }),
  fc.record({ kind: fc.constant('consistencyRequest' as const), roundId, survivors: places }),
  fc.record({
    kind: fc.constant('revealRequest' as const),
    roundId,
    survivors: places,
    witnesses: fc.array(fc.record({ site: place, signature: bytes(64) }), { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant('candidateAnnouncement' as const),
    roundId,
    candidateHash: hash,
    transcriptHash: fc.option(hash),
  }),
  fc.record({
    kind: fc.constant('roundClosed' as const),
    roundId,
    outcome: fc.constantFrom('accepted' as const, 'rejected' as const, 'failed' as const),
    reason: text,
    releaseHash: hash,
    transcriptHash: fc.option(hash),
  }),
);

test('every message of a site survives the wire', () => {
  fc.assert(
    fc.property(siteMessage, (message) => {
      expect(decodeSiteMessage(encodeSiteMessage(message))).toEqual(message);
    }),
    { numRuns: 300 },
  );
});

test('every message of the coordinator survives the wire', () => {
  fc.assert(
    fc.property(coordinatorMessage, (message) => {
      expect(decodeCoordinatorMessage(encodeCoordinatorMessage(message))).toEqual(message);
    }),
    { numRuns: 300 },
  );
});

test('damaged frames either decode to something valid or are refused as invalid, never anything else', () => {
  const damaged = fc
    .tuple(
      fc.oneof(siteMessage.map(encodeSiteMessage), bytes(0, 200)),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
    )
    .map(([frame, flips]) => {
      const copy = new Uint8Array(frame);
      for (const [position, value] of flips) if (copy.length > 0) copy[position % copy.length] = value;
      return copy;
    });
  fc.assert(
    fc.property(damaged, (frame) => {
      for (const [decode, encode] of [
        [decodeSiteMessage, encodeSiteMessage],
        [decodeCoordinatorMessage, encodeCoordinatorMessage],
      ] as const) {
        try {
          const message = decode(frame);
          expect(() => encode(message as never)).not.toThrow();
        } catch (error) {
          if (!(error instanceof ProtocolError) || error.code !== 'invalid-message') throw error;
        }
      }
    }),
    { numRuns: 1000 },
  );
});

const advertised = {
  kind: 'keyAdvertisement',
  roundId: 'r',
  siteId: 'osaka',
  channelKey: new Uint8Array(32),
  maskKey: new Uint8Array(32),
  selfMaskCommitment: new Uint8Array(32),
  nonce: new Uint8Array(16),
  signature: new Uint8Array(64),
} as const;
const report = {
  kind: 'evaluationReport',
  roundId: parseRoundId('r'),
  candidateHash: parseHash('a'.repeat(64)),
  customers: 10,
  chosen: 'federated',
  adopted: true,
  explanation: '',
  scores: [],
  differenceMean: 0,
  differenceStandardError: 0,
} as const;

test.each([
  ['a key of another length', { ...advertised, maskKey: new Uint8Array(33) }, 'keyAdvertisement.maskKey'],
  ['a signature of another length', { ...advertised, signature: new Uint8Array(63) }, 'keyAdvertisement.signature'],
  ['a score that is not a number', { ...report, differenceMean: Number.NaN }, 'evaluationReport.differenceMean'],
  ['an infinite score', { ...report, differenceStandardError: Infinity }, 'evaluationReport.differenceStandardError'],
  ['an overlong text', { ...report, explanation: 'x'.repeat(2001) }, 'evaluationReport.explanation'],
  ['a terminal escape in a text', { ...report, explanation: '\u001b[2J' }, 'evaluationReport.explanation'],
] as const)('%s is refused before it is sent, naming the field', (_name, message, place) => {
  expect(() => encodeSiteMessage(message)).toThrow(place);
});

test('more shares than a group can have sites are refused', () => {
  const sealed = { from: 0, to: 1, ciphertext: new Uint8Array(60) };
  const message = (count: number) => ({
    roundId: 'r',
    rosterHash: new Uint8Array(32),
    shares: Array.from({ length: count }, () => sealed),
    signature: new Uint8Array(64),
  });
  const frame = (count: number) => noren.v1.SessionRequest.encode({ sealedShares: message(count) }).finish();
  expect(decodeSiteMessage(frame(255))).toMatchObject({ kind: 'sealedShares' });
  expect(() => decodeSiteMessage(frame(256))).toThrow('sealedShares.shares');
});

test('a roster without a key for each advertisement, and survivors named twice or beyond the largest cohort, are refused', () => {
  const roster = {
    kind: 'keyRoster',
    roundId: 'r',
    advertisements: [advertised],
    identityKeys: [],
    cohort: [],
  } as const;
  expect(() => encodeCoordinatorMessage(roster)).toThrow('keyRoster.identityKeys');
  const request = { kind: 'revealRequest', roundId: 'r', survivors: [1, 1], witnesses: [] } as const;
  expect(() => encodeCoordinatorMessage(request)).toThrow('revealRequest.survivors');
  const beyond = { kind: 'consistencyRequest', roundId: 'r', survivors: [10_000] } as const;
  expect(() => encodeCoordinatorMessage(beyond)).toThrow('consistencyRequest.survivors');
});

test('fields of a later version are ignored', () => {
  // Field 100, a string: an addition this version does not know.
  const later = new Uint8Array([...encodeSiteMessage({ kind: 'heartbeat' }), 0xa2, 0x06, 0x01, 0x78]);
  expect(decodeSiteMessage(later)).toEqual({ kind: 'heartbeat' });
});
