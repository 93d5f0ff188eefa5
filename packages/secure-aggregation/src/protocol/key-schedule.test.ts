import { expect, test } from 'vitest';

import { agree, keyPairFromScalar } from '../keys/agreement.ts';
import { hex, utf8 } from '../keys/bytes.ts';
import { identityFromPrivateKey } from '../keys/identity.ts';
import { MaskStream } from '../masks/mask-stream.ts';
import { KeySchedule, selfMaskCommitment, signedPairSeeds } from './key-schedule.ts';
import type { SiteNumber } from './site-number.ts';
import { keysStatement, signStatement } from './transcript.ts';

/*
 * Frozen answers of this protocol, made once with Python's hashlib and hmac and the openssl command from the same labels.
 * If one of these changes, sites of the old and the new version cannot mask together: make it a new protocol version.
 */

const bytes = (from: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => from + i);
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const [two, five] = [2 as SiteNumber, 5 as SiteNumber];
const schedule = new KeySchedule(bytes(0), bytes(32));

// RFC 7748 section 6.1.
const alice = keyPairFromScalar(unhex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'));
const bob = keyPairFromScalar(unhex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'));

test('from two X25519 keys to the words of the mask they share', () => {
  const seed = schedule.pairSeed(agree(alice, bob.publicKey), five, two);
  expect(hex(seed)).toBe('a2d692ede475f6bda2be19a1b57aa95b4a1ee48514795c077848606359df0f54');
  expect([...new MaskStream(seed).next(10)]).toEqual([
    -1917748827, -2095208678, 1683334283, 500092579, 56351607, 1406738980, 1619002597, 433567090, 1488052516,
    1919330234,
  ]);
});

test('the keys of a channel and of the self mask, and the commitment to it', () => {
  const channel = schedule.channelKey(agree(alice, bob.publicKey), five, two);
  expect(hex(channel)).toBe('649bb8b47cb7b855f61d3e91ec655b617acb89c08766adce24052150b7c2647e');
  const selfMask = new Uint8Array(32).fill(0x11);
  const selfSeed = schedule.selfSeed(selfMask, five);
  expect(hex(selfSeed)).toBe('1061e7ff8cd742c0308adbcee53027be89b7891a05931a8b1baa5156b5511d93');
  expect(hex(selfMaskCommitment(selfMask))).toBe('3051df063cbe148392200d2b77493dd99bd6b34ea7a1a30ed2678aa49660ec41');
});

test('the body hash and the signature of an advertisement', () => {
  const statement = keysStatement({
    roundId: 'round-1',
    siteId: 'store-7',
    channelKey: new Uint8Array(32).fill(1),
    maskKey: new Uint8Array(32).fill(2),
    selfMaskCommitment: new Uint8Array(32).fill(3),
    nonce: new Uint8Array(16).fill(4),
  });
  expect(hex(statement.bodyHash)).toBe('c9d2ad9cfcf525c4457e926fa6144851271ea168b0938bb1fcd21e39e9f8eb56');
  // RFC 8032 section 7.1, test 1.
  const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
  const pkcs8 = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex').toString('base64');
  const identity = identityFromPrivateKey(`-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`);
  const context = { roundId: 'round-1', planHash: bytes(0), length: 1 };
  expect(hex(signStatement(identity, context, 'store-7', statement))).toBe(
    '006eca9b84293410cdece25503a8e38411279bf1eec3925e183fa37c1434a17725b6cedd0413c49acbc1e2c65302a406c88ca918cb69c031d9b584d42d2ff701',
  );
});

test('every key has one purpose: directions, sites and uses all give different ones', () => {
  const secret = utf8('the same secret everywhere......');
  const keys = [
    schedule.pairSeed(secret, two, five),
    schedule.pairSeed(secret, two, 6 as SiteNumber),
    schedule.channelKey(secret, two, five),
    schedule.channelKey(secret, five, two),
    schedule.selfSeed(secret, two),
    schedule.selfSeed(secret, five),
  ];
  expect(new Set(keys.map(hex)).size).toBe(keys.length);
});

test('the two ends of a pair give its mask opposite signs', () => {
  const seed = new Uint8Array(32);
  expect(signedPairSeeds(two, [[five, seed]])).toEqual({ added: [seed], subtracted: [] });
  expect(signedPairSeeds(five, [[two, seed]])).toEqual({ added: [], subtracted: [seed] });
});
