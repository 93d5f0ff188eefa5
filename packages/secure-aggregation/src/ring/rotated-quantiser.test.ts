import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { codeOf } from '../testing/federation.ts';
import { decodeSum, encodeUpdate, maskedLength, quantiserFor, type Quantiser } from './quantiser.ts';
import { rotate, rotateBack, ROTATION_BLOCK, rotatedBound } from './rotation.ts';

const planHash = new Uint8Array(32).fill(11);

function updatesOf(sites: number, length: number): Float32Array[] {
  return Array.from({ length: sites }, (_, site) =>
    Float32Array.from({ length }, (_, i) => (0.9 * Math.sin(site + i * i)) / Math.sqrt(length / 2)),
  );
}

/** Root of the mean square difference between the mean of what was encoded and the mean itself. */
function errorOf(updates: readonly Float32Array[], quantiser: Quantiser): number {
  const length = updates.at(0)!.length;
  const sum = new Int32Array(maskedLength(length, quantiser.rotation !== null));
  for (const update of updates) encodeUpdate(update, 1, quantiser).forEach((element, i) => (sum[i]! += element));
  const { meanUpdate } = decodeSum(sum, quantiser);
  expect(meanUpdate.length).toBe(length);
  const squares = meanUpdate.reduce((total, value, i) => {
    const mean = updates.reduce((all, update) => all + update.at(i)!, 0) / updates.length;
    return total + (value - mean) ** 2;
  }, 0);
  return Math.sqrt(squares / length);
}

test('rotated updates reach at least two bits further: eight bits rotated beat ten as they are', () => {
  const [sites, length] = [10, 5000];
  const updates = updatesOf(sites, length);
  const plain = (valueBits: number): number => errorOf(updates, quantiserFor({ clipNorm: 1, sites, valueBits }));
  const rotated = errorOf(updates, quantiserFor({ clipNorm: 1, sites, valueBits: 8, rotation: { planHash, length } }));
  expect(rotated).toBeLessThan(plain(8) / 5);
  expect(rotated).toBeLessThan(plain(10));
  // Rounding alone: half a quantum at most for each site, and a quantum is B / (2^7 - 2) for eight bits and ten sites.
  expect(rotated).toBeLessThan(rotatedBound(length) / (2 ** 7 - 2) / 2);
});

test('without rotation and with all 32 bits the mean is as exact as float32', () => {
  const [sites, length] = [10, 5000];
  const updates = updatesOf(sites, length);
  const rotation = { planHash, length };
  expect(errorOf(updates, quantiserFor({ clipNorm: 1, sites }))).toBeLessThan(1e-7);
  expect(errorOf(updates, quantiserFor({ clipNorm: 1, sites, rotation }))).toBeLessThan(1e-7);
});

test('no coordinate of a rotated update passes the bound, however the update is made', () => {
  const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stdout.write(`rotated bound property: NOREN_TEST_SEED=${seed}\n`);
  const shapes = fc.record({
    length: fc.integer({ min: 1, max: 2 * ROTATION_BLOCK }),
    spread: fc.constantFrom(1, 3, 64, 4096),
    hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  });
  const property = fc.property(shapes, ({ length, spread, hash }) => {
    const update = Float32Array.from({ length }, (_, i) => (i % spread === 0 ? 1 : 0));
    const norm = Math.sqrt(update.reduce((sum, value) => sum + value ** 2, 0));
    const largest = rotate(update, hash).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest / norm).toBeLessThanOrEqual(rotatedBound(length));
  });
  fc.assert(property, { seed, numRuns: 60 });
});

test('a coordinate beyond the bound is brought to it, and no sum leaves the ring', () => {
  const [sites, length, valueBits] = [10, ROTATION_BLOCK, 8];
  const rotation = { planHash, length };
  const quantiser = quantiserFor({ clipNorm: 1, sites, valueBits, rotation });
  // What rotates to one large coordinate, which no update does by chance.
  const rotated = new Float32Array(length);
  rotated[0] = 1;
  const spike = rotateBack(rotated, planHash, length);
  const encoded = encodeUpdate(spike, 1, quantiser);
  expect(rotate(spike, planHash)[0]).toBeCloseTo(1, 4);
  expect(sites * encoded[0]!).toBeLessThan(2 ** 11);
  expect(encoded[0]).toBeGreaterThan(100);
});

test('an update of another length is refused', () => {
  const quantiser = quantiserFor({ clipNorm: 1, sites: 3, rotation: { planHash, length: 10 } });
  expect(codeOf(() => encodeUpdate(new Float32Array(9), 1, quantiser))).toBe('out-of-range');
});
