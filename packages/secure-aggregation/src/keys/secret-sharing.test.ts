import { expect, test } from 'vitest';

import { secureRandom } from './random.ts';
import { combineShares, SHARE_BYTES, shareSecret } from './secret-sharing.ts';

test.each([
  { count: 3, threshold: 2 },
  { count: 10, threshold: 7 },
  { count: 255, threshold: 171 },
])('any $threshold of $count shares give the secret back', async ({ count, threshold }) => {
  const secret = secureRandom(32);
  const shares = await shareSecret(secret, count, threshold);
  expect(shares).toHaveLength(count);
  expect(shares.every((share) => share.length === SHARE_BYTES)).toBe(true);
  expect(combineShares(shares.slice(0, threshold))).toEqual(secret);
  expect(combineShares(shares.slice(-threshold))).toEqual(secret);
});

test('too few shares, or a forged one, give a wrong secret without a word: hence the commitments', async () => {
  const secret = secureRandom(32);
  const shares = await shareSecret(secret, 5, 4);
  expect(combineShares(shares.slice(0, 3))).not.toEqual(secret);
  const forged = shares.map((share, index) =>
    index === 0 ? share.map((byte, i) => (i === 7 ? byte ^ 1 : byte)) : share,
  );
  const wrong = combineShares(forged.slice(0, 4));
  expect(wrong).toHaveLength(32);
  expect(wrong).not.toEqual(secret);
});

test('Buffers, which the library that shares refuses, are taken', async () => {
  const secret = Buffer.from(secureRandom(32));
  const shares = await shareSecret(secret, 3, 2);
  const combined = combineShares(shares.map((share) => Buffer.from(share)));
  expect(combined).toEqual(new Uint8Array(secret));
});

test('shares that cannot belong together combine to nothing', async () => {
  const [a, b] = (await shareSecret(secureRandom(32), 3, 2)) as [Uint8Array, Uint8Array];
  expect(combineShares([a, a])).toBeNull();
  expect(combineShares([a])).toBeNull();
  expect(combineShares([a, b.slice(1)])).toBeNull();
  const atZero = b.slice();
  atZero.set([0], SHARE_BYTES - 1);
  expect(combineShares([a, atZero])).toBeNull();
});
