import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { locateFalseShares } from './error-location.ts';
import { divide, multiply } from './galois-field.ts';
import { secureRandom } from './random.ts';
import { combineShares, shareSecret } from './secret-sharing.ts';

test('the field is that of AES (FIPS 197, section 4.2)', () => {
  expect(multiply(0x57, 0x83)).toBe(0xc1);
  expect(multiply(0x57, 0x13)).toBe(0xfe);
  const elements = Array.from({ length: 256 }, (_, element) => element);
  for (const a of elements) {
    expect(multiply(a, 0)).toBe(0);
    expect(elements.slice(1).every((b) => divide(multiply(a, b), b) === a)).toBe(true);
  }
});

function changed(share: Uint8Array, at: number, by: number): Uint8Array {
  return share.map((byte, place) => (place === at ? byte ^ by : byte));
}

test('as many false shares as Reed-Solomon codes correct are found, whichever bytes are false', async () => {
  const cases = fc.integer({ min: 3, max: 60 }).chain((count) =>
    fc.integer({ min: 2, max: count }).chain((threshold) =>
      fc.record({
        count: fc.constant(count),
        threshold: fc.constant(threshold),
        liars: fc.uniqueArray(fc.nat(count - 1), { maxLength: Math.floor((count - threshold) / 2) }),
        byte: fc.nat(31),
        by: fc.integer({ min: 1, max: 255 }),
      }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(cases, async ({ count, threshold, liars, byte, by }) => {
      const secret = secureRandom(32);
      const shares = await shareSecret(secret, count, threshold);
      // Every liar in another byte, so that no single polynomial shows all of them.
      const told = shares.map((share, place) => {
        const liar = liars.indexOf(place);
        return liar < 0 ? share : changed(share, (byte + liar) % 32, by);
      });
      const found = locateFalseShares(told, threshold);
      expect(found).toEqual(liars.toSorted((a, b) => a - b));
      const good = told.filter((_, place) => !liars.includes(place));
      expect(combineShares(good.slice(0, threshold))).toEqual(secret);
    }),
    { numRuns: 200 },
  );
});

test('shares at the same place, at the place of the secret and of the wrong length are false', async () => {
  const shares = await shareSecret(secureRandom(32), 9, 3);
  const told = [...shares];
  told[1] = changed(shares[1]!, 32, shares[1]!.at(-1)!);
  told[2] = shares[2]!.slice(1);
  told[4] = changed(shares[4]!, 32, shares[4]!.at(-1)! ^ shares[5]!.at(-1)!);
  expect(locateFalseShares(told, 3)).toEqual([1, 2, 4, 5]);
});

test('with more false shares than can be told from the good ones nobody is blamed', async () => {
  const shares = await shareSecret(secureRandom(32), 10, 7);
  const told = shares.map((share, place) => (place < 2 ? changed(share, 0, 1) : share));
  expect(locateFalseShares(told, 7)).toBeNull();
  expect(locateFalseShares(shares.slice(0, 6), 7)).toBeNull();
});
