import { agree, keyPairFromScalar } from '../keys/agreement.ts';
import { sha256 } from '../keys/bytes.ts';
import { deriveKey } from '../keys/derivation.ts';
import { generateIdentityKey, identityFromPrivateKey, verifySignature } from '../keys/identity.ts';
import { secureRandom } from '../keys/random.ts';
import { seal } from '../keys/sealing.ts';
import { combineShares, shareSecret } from '../keys/secret-sharing.ts';
import { MaskStream, PIECE_WORDS } from '../masks/mask-stream.ts';
import { MaskSum } from '../masks/mask-sum.ts';
import { addInto } from '../masks/ring.ts';
import { pack, unpack } from '../ring/packing.ts';
import { encodeUpdate, quantiserFor } from '../ring/quantiser.ts';
import { ringBitsFor } from '../ring/ring-width.ts';
import { rotate } from '../ring/rotation.ts';
import { finish } from '../turns.ts';
import { withTarget, type BenchmarkRow } from './benchmark-row.ts';
import { millisecondsPerCall, millisecondsPerTurn } from './stopwatch.ts';

const MILLION = 1_000_000;

/** A group of a hundred, and how many of its sites open its sum. */
const [SHARES, THRESHOLD] = [100, 67];

/**
 * What a round is made of, one thing at a time, as the protocol calls it. The targets are what the same calls took when the
 * protocol was chosen, on two cores of a Xeon at 2.8 GHz with AES-NI and AVX-512, the slower end of what was seen.
 */
export async function benchmarkPrimitives(): Promise<readonly BenchmarkRow[]> {
  return [...keys(), ...(await shares()), ...streams(), ...vectors()];
}

function keys(): readonly BenchmarkRow[] {
  const scalar = secureRandom(32);
  const pair = keyPairFromScalar(scalar);
  const { publicKey: peer } = keyPairFromScalar(secureRandom(32));
  const identity = identityFromPrivateKey(generateIdentityKey());
  const message = secureRandom(150);
  const signature = identity.sign(message);
  const [secret, salt] = [secureRandom(32), secureRandom(32)];
  const sealed = secureRandom(66);
  return [
    microseconds('X25519: key pair of a scalar', 150, 200, () => keyPairFromScalar(scalar)),
    microseconds('X25519: import a public key and derive', 98, 200, () => agree(pair, peer)),
    microseconds('Ed25519: sign', 71, 200, () => identity.sign(message)),
    microseconds('Ed25519: import a public key and verify', 245, 200, () =>
      verifySignature(identity.publicKey, message, signature),
    ),
    microseconds('HKDF-SHA256: 32 bytes', 21, 1000, () => deriveKey(secret, salt, info)),
    microseconds('AES-256-GCM: seal two shares, 66 bytes', 7.3, 1000, () => seal(secret, sealed, info)),
  ];
}

async function shares(): Promise<readonly BenchmarkRow[]> {
  const secret = secureRandom(32);
  const dealt = (await shareSecret(secret, SHARES, THRESHOLD)).slice(0, THRESHOLD);
  const split = await millisecondsPerTurn(10, () => shareSecret(secret, SHARES, THRESHOLD));
  const combine = millisecondsPerCall(10, () => combineShares(dealt));
  const what = `a secret among ${SHARES}, ${THRESHOLD} open it`;
  return [
    withTarget({ name: `Shamir: share ${what}`, value: split, unit: 'ms' }, 1.9),
    withTarget({ name: `Shamir: open ${what}`, value: combine, unit: 'ms' }, 0.19),
  ];
}

function streams(): readonly BenchmarkRow[] {
  const stream = new MaskStream(secureRandom(32));
  const [target, added] = [new Int32Array(PIECE_WORDS), new Int32Array(PIECE_WORDS)];
  const bytes = PIECE_WORDS * Int32Array.BYTES_PER_ELEMENT;
  const piece = new Uint8Array(added.buffer);
  return [
    throughput('SHA-256', 0.9, bytes, () => sha256(piece)),
    throughput('AES-256-CTR key stream', 2.5, bytes, () => stream.next(PIECE_WORDS)),
    throughput('ring addition, 32 bits', 2, bytes, () => addInto(target, added)),
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
    withTarget({ name: 'mask 1 M elements, one mask of many', value: twoMasks / 2, unit: 'ms' }, 5.1),
    milliseconds('clip and quantise 1 M', 12.5, () => encodeUpdate(update, 1, quantiser)),
    milliseconds(`pack 1 M elements of ${bits} bits`, 2.3, () => pack(elements, bits)),
    milliseconds(`unpack 1 M elements of ${bits} bits`, 2.3, () => unpack(packed, bits, elements)),
    milliseconds('rotate 1 M in blocks of 4096', 24, () => rotate(update, info)),
    withTarget(
      { name: 'packed bytes of 1 M values of 12 bits, 100 sites', value: packed.length / 1e6, unit: 'MB' },
      2.4,
    ),
  ];
}

/** Any plan hash. */
const info = new Uint8Array(32);

function microseconds(name: string, target: number, calls: number, action: () => unknown): BenchmarkRow {
  return withTarget({ name, value: millisecondsPerCall(calls, action) * 1000, unit: 'us' }, target);
}

function milliseconds(name: string, target: number, action: () => unknown): BenchmarkRow {
  return withTarget({ name, value: millisecondsPerCall(3, action), unit: 'ms' }, target);
}

function throughput(name: string, target: number, bytes: number, action: () => unknown): BenchmarkRow {
  return withTarget({ name, value: bytes / (millisecondsPerCall(200, action) * 1e6), unit: 'GB/s' }, target);
}
