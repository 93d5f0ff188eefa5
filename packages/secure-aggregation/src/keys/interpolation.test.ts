import * as fc from 'fast-check';
import { combine, split } from 'shamir-secret-sharing';
import { expect, test } from 'vitest';

import { interpolateAtZero } from './interpolation.ts';

/** A product in the field of FIPS 197, bit by bit. */
function product(a: number, b: number): number {
  let result = 0;
  for (let bit = 7; bit >= 0; bit--) {
    result <<= 1;
    if (result > 255) result ^= 0x11b;
    if ((b >> bit) & 1) result ^= a;
  }
  return result;
}

test('products are those of the field (FIPS 197 section 4.2: {57} times {83} is {c1})', () => {
  expect(product(0x57, 0x83)).toBe(0xc1);
  // Of the line c + m x through x = 1 and any other coordinate; every slope and coordinate, so every product occurs.
  for (let slope = 0; slope < 256; slope++) {
    for (let x = 2; x < 256; x++) {
      const points = [Uint8Array.of(0x3a ^ slope, 1), Uint8Array.of(0x3a ^ product(slope, x), x)];
      expect(interpolateAtZero(points)[0]).toBe(0x3a);
    }
  }
});

test('what it finds is what the audited library finds, for shares that belong together and for any others', async () => {
  const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stdout.write(`interpolation property: NOREN_TEST_SEED=${seed}\n`);
  const property = fc.asyncProperty(
    fc.uint8Array({ minLength: 1, maxLength: 32 }),
    fc.integer({ min: 2, max: 40 }),
    fc.nat(20),
    fc.boolean(),
    async (secret, threshold, more, forged) => {
      const shares = await split(secret, threshold + more, threshold);
      if (forged) shares[0]![0]! ^= 1;
      const used = shares.slice(0, threshold);
      const found = interpolateAtZero(used);
      expect(found).toEqual(await combine(used));
      if (!forged) expect(found).toEqual(secret);
    },
  );
  await fc.assert(property, { seed, numRuns: 300 });
});
