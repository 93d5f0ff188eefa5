import { agree, keyPairFromScalar } from '../keys/agreement.ts';
import { deriveKey } from '../keys/derivation.ts';
import { generateIdentityKey, identityFromPrivateKey, verifySignature } from '../keys/identity.ts';
import { secureRandom } from '../keys/random.ts';
import { seal } from '../keys/sealing.ts';
import { MaskStream, PIECE_WORDS } from '../masks/mask-stream.ts';
import { MaskSum } from '../masks/mask-sum.ts';
import { addInto } from '../masks/ring.ts';
import { finish } from '../turns.ts';
import { pack, unpack } from '../ring/packing.ts';
import { encodeUpdate, quantiserFor } from '../ring/quantiser.ts';
import { ringBitsFor } from '../ring/ring-width.ts';
import { rotate } from '../ring/rotation.ts';
import type { BenchmarkRow } from './benchmark-row.ts';
import { millisecondsPerCall } from './stopwatch.ts';

const MILLION = 1_000_000;

/** What a round is made of, one thing at a time, as the protocol calls it. */
export function benchmarkPrimitives(): readonly BenchmarkRow[] {
  return [...cryptography(), ...streams(), ...vectors()];
}

function cryptography(): readonly BenchmarkRow[] {
  const pair = keyPairFromScalar(secureRandom(32));
  const { publicKey: peer } = keyPairFromScalar(secureRandom(32));
  const identity = identityFromPrivateKey(generateIdentityKey());
  const message = secureRandom(150);
  const signature = identity.sign(message);
  const [secret, salt, info] = [secureRandom(32), secureRandom(32), secureRandom(32)];
  const shares = secureRandom(66);
  return [
    microseconds('X25519: import a public key and derive', 200, () => agree(pair, peer)),
    microseconds('Ed25519: sign', 200, () => identity.sign(message)),
    microseconds('Ed25519: import a public key and verify', 200, () =>
      verifySignature(identity.publicKey, message, signature),
    ),
    microseconds('HKDF-SHA256: 32 bytes', 1000, () => deriveKey(secret, salt, info)),
    microseconds('AES-256-GCM: seal two shares, 66 bytes', 1000, () => seal(secret, shares, info)),
  ];
}

function streams(): readonly BenchmarkRow[] {
  const stream = new MaskStream(secureRandom(32));
  const [target, added] = [new Int32Array(PIECE_WORDS), new Int32Array(PIECE_WORDS)];
  const bytes = PIECE_WORDS * Int32Array.BYTES_PER_ELEMENT;
  return [
    throughput('AES-256-CTR key stream', bytes, () => stream.next(PIECE_WORDS)),
    throughput('ring addition, 32 bits', bytes, () => addInto(target, added)),
  ];
}

function vectors(): readonly BenchmarkRow[] {
  const update = Float32Array.from({ length: MILLION }, (_, i) => Math.sin(i) / 1000);
  const quantiser = quantiserFor({ clipNorm: 1, sites: 100 });
  const elements = encodeUpdate(update, 1, quantiser).subarray(0, MILLION);
  const bits = ringBitsFor(100, 12);
  const packed = pack(elements, bits);
  const masks = new MaskSum({ added: [secureRandom(32), secureRandom(32)], subtracted: [] });
  const twoMasks = millisecondsPerCall(3, () => finish(masks.next(elements)));
  return [
    { name: 'mask 1 M elements, one mask of many', value: twoMasks / 2, unit: 'ms' },
    milliseconds('clip and quantise 1 M', () => encodeUpdate(update, 1, quantiser)),
    milliseconds(`pack 1 M elements of ${bits} bits`, () => pack(elements, bits)),
    milliseconds(`unpack 1 M elements of ${bits} bits`, () => unpack(packed, bits, elements)),
    milliseconds('rotate 1 M in blocks of 4096', () => rotate(update, info)),
    { name: `packed bytes of 1 M values of 12 bits, 100 sites`, value: packed.length / 1e6, unit: 'MB' },
  ];
}

/** Any plan hash. */
const info = new Uint8Array(32);

function microseconds(name: string, calls: number, action: () => unknown): BenchmarkRow {
  return { name, value: millisecondsPerCall(calls, action) * 1000, unit: 'us' };
}

function milliseconds(name: string, action: () => unknown): BenchmarkRow {
  return { name, value: millisecondsPerCall(3, action), unit: 'ms' };
}

function throughput(name: string, bytes: number, action: () => unknown): BenchmarkRow {
  return { name, value: bytes / (millisecondsPerCall(200, action) * 1e6), unit: 'GB/s' };
}
