import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { codeOf } from '../testing/federation.ts';
import { rotate, rotateBack, rotatedLength, ROTATION_BLOCK } from './rotation.ts';

const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
process.stdout.write(`rotation properties: NOREN_TEST_SEED=${seed}\n`);

const planHashes = fc.uint8Array({ minLength: 32, maxLength: 32 });
const vectors = fc
  .record({
    length: fc.integer({ min: 0, max: 3 * ROTATION_BLOCK }),
    amplitude: fc.constantFrom(1e-6, 1, 1e6),
    phase: fc.integer({ min: 0, max: 1000 }),
  })
  .map(({ length, amplitude, phase }) =>
    Float32Array.from({ length }, (_, i) => amplitude * Math.sin(phase + i * i) * (i % 97 === 0 ? 100 : 1)),
  );

function norm(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

// Twelve additions and a product, each exact to 2^-24: differences of a few 1e-7 of the norm.
const ROUNDING = 2e-6;

test('rotation keeps the norm, and back and forth changes nothing but the last bits', () => {
  const property = fc.property(vectors, planHashes, (vector, planHash) => {
    const before = norm(vector);
    const rotated = rotate(vector, planHash);
    expect(rotated.length).toBe(rotatedLength(vector.length));
    expect(Math.abs(norm(rotated) - before)).toBeLessThanOrEqual(before * ROUNDING);

    const back = rotateBack(rotated, planHash, vector.length);
    expect(back.length).toBe(vector.length);
    expect(norm(back.map((value, i) => value - vector.at(i)!))).toBeLessThanOrEqual(before * ROUNDING);
  });
  fc.assert(property, { seed, numRuns: 100 });
});

test('the sum of rotated vectors is the rotated sum', () => {
  const planHash = new Uint8Array(32).fill(3);
  const [a, b] = [0, 1].map((k) => Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i + k)));
  const other = rotate(b!, planHash);
  const sum = rotate(a!, planHash).map((value, i) => value + other.at(i)!);
  const together = rotateBack(sum, planHash, 5000);
  expect(norm(together.map((value, i) => value - a!.at(i)! - b!.at(i)!))).toBeLessThan(1e-4);
});

test('one large coordinate spreads over its block and no further', () => {
  const vector = new Float32Array(2 * ROTATION_BLOCK);
  vector[5] = 64;
  const rotated = rotate(vector, new Uint8Array(32));
  expect(new Set(rotated.subarray(0, ROTATION_BLOCK).map(Math.abs))).toEqual(new Set([1]));
  expect(new Set(rotated.subarray(ROTATION_BLOCK).map(Math.abs))).toEqual(new Set([0]));
});

test('another plan rotates otherwise', () => {
  const vector = new Float32Array(ROTATION_BLOCK).fill(1);
  const rotated = rotate(vector, new Uint8Array(32).fill(1));
  expect(rotated).not.toEqual(rotate(vector, new Uint8Array(32).fill(2)));
  expect(rotated).toEqual(rotate(vector, new Uint8Array(32).fill(1)));
});

test('what cannot be a rotation is refused', () => {
  expect(codeOf(() => rotate(new Float32Array(1), new Uint8Array(31)))).toBe('malformed');
  expect(codeOf(() => rotateBack(new Float32Array(ROTATION_BLOCK), new Uint8Array(32), ROTATION_BLOCK + 1))).toBe(
    'malformed',
  );
  expect(codeOf(() => rotateBack(new Float32Array(0), new Uint8Array(32), -1))).toBe('malformed');
});
