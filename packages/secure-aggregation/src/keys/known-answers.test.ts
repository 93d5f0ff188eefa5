import { createCipheriv } from 'node:crypto';

import { expect, test } from 'vitest';

import { MaskStream } from '../masks/mask-stream.ts';
import { ringBytes } from '../masks/ring.ts';
import { agree, keyPairFromScalar } from './agreement.ts';
import { hashFields, hex, sha256, utf8 } from './bytes.ts';
import { deriveKey } from './derivation.ts';
import { identityFromPrivateKey, verifySignature } from './identity.ts';
import { open, seal } from './sealing.ts';

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

test.each([
  {
    scalar: 'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
    u: 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
    output: 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  },
  {
    scalar: '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
    u: 'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
    output: '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
  },
])('X25519 multiplies as in RFC 7748 section 5.2 ($scalar)', ({ scalar, u, output }) => {
  expect(hex(agree(keyPairFromScalar(bytes(scalar)), bytes(u)))).toBe(output);
});

test('X25519 agrees as in RFC 7748 section 6.1', () => {
  const alice = keyPairFromScalar(bytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'));
  const bob = keyPairFromScalar(bytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'));
  const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
  expect(hex(alice.publicKey)).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
  expect(hex(bob.publicKey)).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
  expect(hex(agree(alice, bob.publicKey))).toBe(shared);
  expect(hex(agree(bob, alice.publicKey))).toBe(shared);
});

test.each([
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
])('Ed25519 signs and verifies as in RFC 8032 section 7.1 ($publicKey)', ({ seed, publicKey, message, signature }) => {
  // The fixed PKCS#8 prefix of an Ed25519 private key (RFC 8410), then its 32 bytes.
  const pkcs8 = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex').toString('base64');
  const identity = identityFromPrivateKey(`-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`);
  expect(hex(identity.publicKey)).toBe(publicKey);
  expect(hex(identity.sign(bytes(message)))).toBe(signature);
  expect(verifySignature(bytes(publicKey), bytes(message), bytes(signature))).toBe(true);
  expect(verifySignature(bytes(publicKey), bytes(`${message}00`), bytes(signature))).toBe(false);
});

const range = (from: number, to: number): Uint8Array => Uint8Array.from({ length: to - from }, (_, i) => from + i);

test.each([
  {
    name: 'A.1',
    secret: new Uint8Array(22).fill(0x0b),
    salt: range(0x00, 0x0d),
    info: range(0xf0, 0xfa),
    output: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    name: 'A.2',
    secret: range(0x00, 0x50),
    salt: range(0x60, 0xb0),
    info: range(0xb0, 0x100),
    output:
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  },
  {
    name: 'A.3',
    secret: new Uint8Array(22).fill(0x0b),
    salt: new Uint8Array(0),
    info: new Uint8Array(0),
    output: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  },
])('HKDF-SHA256 derives as in RFC 5869 appendix $name', ({ secret, salt, info, output }) => {
  expect(hex(deriveKey(secret, salt, info, output.length / 2))).toBe(output);
});

test('the mask stream begins with AES-256 of the zero block (NIST AESAVS, zero key)', () => {
  const words = new MaskStream(new Uint8Array(32)).next(4);
  expect(hex(ringBytes(words))).toBe('dc95c078a2408989ad48a21492842087');
});

test('the mask stream is AES-256 of the counters 0, 1, 2, ... (NIST SP 800-38A section 6.5)', () => {
  const key = bytes('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4');
  const encrypt = (block: Uint8Array): Uint8Array => {
    const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    return new Uint8Array(cipher.update(block));
  };
  // The block cipher itself against SP 800-38A F.1.5, block 1.
  expect(hex(encrypt(bytes('6bc1bee22e409f96e93d7e117393172a')))).toBe('f3eed1bdb5d2a03c064b5a7e3db181f8');

  const stream = new MaskStream(key);
  // Takes of odd sizes: a stream goes on in the middle of a block.
  const taken = [1, 2, 700, 5, 16_384, 4].map((words) => ringBytes(stream.next(words)).slice());
  const keystream = Buffer.concat(taken);
  for (const counter of [0, 1, 2, 255, 256, 4000]) {
    const block = Buffer.alloc(16);
    block.writeUInt32BE(counter, 12);
    const expected = hex(encrypt(new Uint8Array(block)));
    expect(keystream.subarray(16 * counter, 16 * counter + 16).toString('hex')).toBe(expected);
  }
});

test.each([
  { number: 13, plaintext: '', sealed: '530f8afbc74536b9a963b4f1c4cb738b' },
  {
    number: 14,
    plaintext: '00000000000000000000000000000000',
    sealed: 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
  },
])('AES-256-GCM seals as in McGrew and Viega 2004, test case $number', ({ plaintext, sealed }) => {
  // Their key and nonce are zero, and nothing is associated.
  const [key, nothing] = [new Uint8Array(32), new Uint8Array(0)];
  expect(hex(seal(key, bytes(plaintext), nothing))).toBe(sealed);
  expect(hex(open(key, bytes(sealed), nothing)!)).toBe(plaintext);
  expect(open(key, bytes(sealed), new Uint8Array(1))).toBeNull();
  expect(open(key, bytes(`${sealed.slice(0, -2)}00`), nothing)).toBeNull();
});

test('SHA-256 of "abc" (FIPS 180-4)', () => {
  const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(hex(sha256(utf8('abc')))).toBe(expected);
});

test('hashed fields are told apart by where one ends', () => {
  const hashes = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', '']].map((fields) =>
    hex(hashFields('x', fields.map(utf8))),
  );
  expect(new Set(hashes).size).toBe(hashes.length);
});
