import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { codeOf } from '../testing/federation.ts';
import { pack, packedBytes, packedElements, unpack } from './packing.ts';
import { centre, ringBitsFor, type RingBits } from './ring-width.ts';

const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
process.stdout.write(`packing properties: NOREN_TEST_SEED=${seed}\n`);

const widths = fc.integer({ min: 10, max: 32 }).map((bits) => bits as RingBits);
const elements = fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength: 100 });

test('twelve bits of a hundred sites travel in 19: 2.4 MB a million elements (section 2.5)', () => {
  const bits = ringBitsFor(100, 12);
  expect(bits).toBe(19);
  expect(packedBytes(1_000_000, bits)).toBe(2_375_000);
});

test.each([
  { sites: 1, bits: 12 },
  { sites: 2, bits: 13 },
  { sites: 3, bits: 14 },
  { sites: 4, bits: 14 },
  { sites: 128, bits: 19 },
  { sites: 129, bits: 20 },
  { sites: 2 ** 20, bits: 32 },
])('a sum of $sites values of 12 bits has $bits', ({ sites, bits }) => {
  expect(ringBitsFor(sites, 12)).toBe(bits);
});

test.each([
  { sites: 100, valueBits: 26 },
  { sites: 100, valueBits: 7 },
  { sites: 100, valueBits: 12.5 },
  { sites: 0, valueBits: 12 },
  { sites: 2 ** 21, valueBits: 8 },
])('there is no ring for $sites sites and $valueBits bits', ({ sites, valueBits }) => {
  expect(codeOf(() => ringBitsFor(sites, valueBits))).toBe('out-of-range');
});

test('known bytes: lowest bits first', () => {
  expect([...pack(new Int32Array([1, 2, -1]), 12 as RingBits)]).toEqual([0x01, 0x20, 0x00, 0xff, 0x0f]);
  expect([...pack(new Int32Array([1, -2]), 32 as RingBits)]).toEqual([1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff]);
});

test('what is packed comes out again modulo 2^bits, wherever in memory the bytes lie', () => {
  const property = fc.property(elements, widths, fc.integer({ min: 0, max: 7 }), (values, bits, misaligned) => {
    const packed = pack(new Int32Array(values), bits);
    expect(packed.length).toBe(packedBytes(values.length, bits));
    expect(packedElements(packed.length, bits)).toBe(values.length);

    const received = new Uint8Array(packed.length + misaligned).subarray(misaligned);
    received.set(packed);
    const unpacked = new Int32Array(values.length);
    unpack(received, bits, unpacked);
    const modulus = 2n ** BigInt(bits);
    const residue = (value: number): bigint => BigInt.asUintN(bits, BigInt(value)) % modulus;
    expect([...unpacked].map(residue)).toEqual(values.map(residue));

    centre(unpacked, bits);
    expect([...unpacked]).toEqual(values.map((value) => Number(BigInt.asIntN(bits, BigInt(value)))));
  });
  fc.assert(property, { seed, numRuns: 500 });
});

test('a number of bytes that no elements take is told apart', () => {
  const bits = 19 as RingBits;
  expect([0, 1, 2, 3, 4, 5, 6, 8].map((bytes) => packedElements(bytes, bits))).toEqual([
    0,
    null,
    null,
    1,
    null,
    2,
    null,
    3,
  ]);
});
