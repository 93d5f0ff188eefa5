import { expect, test } from 'vitest';

import { encodePrices, fitPriceEncoder, PRICE_DIMENSION, type Priced } from './price-encoder.ts';

const PRICES = Array.from({ length: 200 }, (_, at) => 500 * 1.03 ** at);

const priced = (prices: readonly (number | null)[], rest: Omit<Priced, 'price'> = {}): Priced[] =>
  prices.map((price) => ({ price, ...rest }));

function rows(prices: readonly (number | null)[], fitted: readonly number[] = PRICES): number[][] {
  const { data } = encodePrices(fitPriceEncoder(priced(fitted)), priced(prices));
  return prices.map((_, at) => [...data.subarray(at * PRICE_DIMENSION, (at + 1) * PRICE_DIMENSION)]);
}

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((v, at) => v - (b[at] ?? 0)));

test('the further a price, the further its features, by ratio and not by difference', () => {
  const [base, tenMore, half, double] = rows([10_000, 11_000, 5000, 20_000]) as [
    number[],
    number[],
    number[],
    number[],
  ];
  expect(distance(base, tenMore)).toBeLessThan(distance(base, half));
  expect(distance(base, half)).toBeCloseTo(distance(base, double), 0);
});

test('every price has a row of length 4, however far from what headquarters sells', () => {
  for (const row of rows([0, 1, 10_000, 1e12])) expect(Math.hypot(...row)).toBeCloseTo(4, 4);
  const [far, further] = rows([1e9, 1e12]) as [number[], number[]];
  expect(distance(far, further)).toBeCloseTo(0, 5);
});

test('the unit of the currency does not matter', () => {
  const inYen = rows([3000, 12_000]);
  const inThousands = rows(
    [3, 12],
    PRICES.map((price) => price / 1000),
  );
  for (const [at, row] of inYen.entries()) expect(distance(row, inThousands[at] ?? [])).toBeLessThan(1e-3);
});

test('a missing price is a zero row, and present says so', () => {
  const { data, present } = encodePrices(fitPriceEncoder(priced(PRICES)), priced([null, 1000]));
  expect([...present]).toEqual([0, 1]);
  expect(data.subarray(0, PRICE_DIMENSION).every((value) => value === 0)).toBe(true);
});

test('where headquarters has no prices, prices count as missing; one single price is no failure', () => {
  expect([...encodePrices(fitPriceEncoder([]), priced([5])).present]).toEqual([0]);
  expect([...encodePrices(fitPriceEncoder(priced([0, 0])), priced([5])).present]).toEqual([0]);
  expect(rows([7], [7])[0]?.every(Number.isFinite)).toBe(true);
});

test('a free item is at the cheap end and is not an item without a price', () => {
  const [free, cheapest, dearest] = rows([0, 500, 500 * 1.03 ** 199]) as [number[], number[], number[]];
  expect(Math.hypot(...free)).toBeCloseTo(4, 4);
  expect(distance(free, cheapest)).toBeLessThan(distance(free, dearest));
});

test.each([
  ['a price with too many zeros', [1e12]],
  ['a clearance sale', Array.from({ length: 6 }, () => 10)],
  ['a few free samples', [0, 0, 0, 0]],
])('%s at headquarters hardly moves the features of ordinary prices', (_, odd) => {
  const usual = [1000, 10_000, 100_000];
  const before = rows(usual);
  const after = rows(usual, [...PRICES, ...odd]);
  const halfAgain = rows(usual.map((price) => price * 1.5));
  for (const [at, row] of before.entries())
    expect(distance(row, after[at] ?? [])).toBeLessThan(distance(row, halfAgain[at] ?? []) / 2);
});

/** Rows of a shop's items, as headquarters' prices place them. */
function placed(headquarters: readonly Priced[], shop: readonly Priced[]): (number[] | null)[] {
  const { data, present } = encodePrices(fitPriceEncoder(headquarters), shop);
  return shop.map((_, at) =>
    present[at] === 1 ? [...data.subarray(at * PRICE_DIMENSION, (at + 1) * PRICE_DIMENSION)] : null,
  );
}

const SOCKS = PRICES.map((price) => price / 100);
const KINDS = [...priced(SOCKS, { category: 'Socks' }), ...priced(PRICES, { category: 'Coats' })];

test('a price is placed among its category: dear socks are like dear coats, however their names are spelt', () => {
  const [socks, coats] = [priced(SOCKS, { category: 'ＳＯＣＫＳ ' }), priced(PRICES, { category: 'coats' })];
  const rowsOf = placed(KINDS, [...socks, ...coats]) as number[][];
  for (const at of [0, 50, 199]) expect(distance(rowsOf[at] ?? [], rowsOf[200 + at] ?? [])).toBeLessThan(1e-3);
});

test('a category unknown to headquarters, or with few prices there, is placed among all', () => {
  const few = priced([1, 2, 3], { category: 'Hats' });
  const [unknown, rare, none] = placed(
    [...KINDS, ...few],
    [{ price: 100, category: 'Toys' }, { price: 100, category: 'Hats' }, { price: 100 }],
  );
  expect(unknown).toEqual(none);
  expect(rare).toEqual(none);
  const [sock] = placed(KINDS, [{ price: 100, category: 'Socks' }]);
  expect(sock).not.toEqual(none);
});

test('prices in another currency are placed among the shop’s own: its median is like headquarters’ median', () => {
  const yen = priced(PRICES, { currency: 'JPY' });
  const euro = priced(
    PRICES.map((price) => price / 160),
    { currency: 'EUR' },
  );
  const [at, further] = [100, 180];
  const inEuro = placed(yen, euro) as number[][];
  const inYen = placed(yen, yen) as number[][];
  for (const item of [at, further]) expect(distance(inEuro[item] ?? [], inYen[item] ?? [])).toBeLessThan(1e-3);
  const unnamed = placed(yen, priced(euro.map(({ price }) => price))) as number[][];
  expect(distance(unnamed[at] ?? [], inYen[at] ?? []), 'without a name it is taken for yen').toBeGreaterThan(1);
});

test('with fewer than 20 prices in another currency there is nothing to compare with: they count as missing', () => {
  const yen = priced(PRICES, { currency: 'JPY' });
  expect(placed(yen, priced(PRICES.slice(0, 19), { currency: 'EUR' })).every((row) => row === null)).toBe(true);
  expect(placed(yen, priced(PRICES.slice(0, 20), { currency: 'EUR' })).every((row) => row !== null)).toBe(true);
});

test('a few prices in another currency at headquarters do not move the others', () => {
  const yen = priced(PRICES, { currency: 'JPY' });
  const mixed = [...priced([3, 4, 5], { currency: 'EUR' }), ...yen];
  expect(placed(mixed, yen)).toEqual(placed(yen, yen));
});
