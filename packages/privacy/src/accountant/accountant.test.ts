import { expect, test } from 'vitest';

import { PrivacyError } from '../errors.ts';
import { DEFAULT_ORDERS, epsilonFromRenyi, epsilonOf, privacyLoss } from './accountant.ts';
import { noiseMultiplierFor } from './calibration.ts';
import { logErfc } from './logarithms.ts';
import { renyiDivergence } from './renyi.ts';

/* Expected values are those that the named implementations publish in their own tests. */

/** Opacus: opacus/accountants/rdp.py, DEFAULT_ALPHAS. */
const OPACUS_ORDERS = [
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 52 }, (_, i) => 12 + i),
];

/** TensorFlow Privacy: compute_dp_sgd_privacy_lib.py before its move to dp_accounting. */
const TENSORFLOW_ORDERS = [
  1.25,
  1.5,
  1.75,
  2,
  2.25,
  2.5,
  3,
  3.5,
  4,
  4.5,
  ...Array.from({ length: 59 }, (_, i) => 5 + i),
  128,
  256,
  512,
];

test('Opacus, accountants_test.py: q = 0.04, sigma = 1.5, 2250 steps, delta = 1e-5', () => {
  const steps = { noiseMultiplier: 1.5, samplingRate: 0.04, steps: 2250 };
  expect(privacyLoss([steps], 1e-5, OPACUS_ORDERS).epsilon).toBeCloseTo(7.32911117143, 8);
});

test.each([
  { n: 60_000, batch: 150, noiseMultiplier: 1.3, steps: 6000, delta: 1e-5, epsilon: 0.7242234026109595, order: 19 },
  { n: 100_000, batch: 100, noiseMultiplier: 1, steps: 30_000, delta: 1e-7, epsilon: 1.415498849544484, order: 13 },
])(
  'TensorFlow Privacy, compute_dp_sgd_privacy_test.py: $n customers, batches of $batch, sigma = $noiseMultiplier',
  ({ n, batch, noiseMultiplier, steps, delta, epsilon, order }) => {
    const loss = privacyLoss([{ noiseMultiplier, samplingRate: batch / n, steps }], delta, TENSORFLOW_ORDERS);
    expect(loss.order).toBe(order);
    expect(loss.epsilon).toBeCloseTo(epsilon, 9);
  },
);

test('TensorFlow Privacy, compute_dp_sgd_privacy_test.py: hardly any noise costs millions, at the smallest order', () => {
  const steps = { noiseMultiplier: 0.1, samplingRate: 1024 / 1e8, steps: Math.ceil((10 * 1e8) / 1024) };
  const loss = privacyLoss([steps], 1e-7, TENSORFLOW_ORDERS);
  expect(loss.order).toBe(1.25);
  expect(loss.epsilon / 5907982.31138195).toBeCloseTo(1, 9);
});

test('TensorFlow Privacy, compute_dp_sgd_privacy_test.py, RDP: q = 1, sigma = 0.7, 2 steps', () => {
  expect(epsilonOf({ samplingRate: 1, noiseMultiplier: 0.7, steps: 2, delta: 1e-5 })).toBeCloseTo(10.8602036, 6);
});

test('TensorFlow Privacy, compute_dp_sgd_privacy_test.py, RDP: q = 0.01, sigma = 0.7, 120 steps', () => {
  const steps = { samplingRate: 0.01, noiseMultiplier: 0.7, steps: 120 };
  const { epsilon, order } = privacyLoss([steps], 1e-5);
  // The order is fractional, where that accountant adds absolute values: an upper bound. Ours is the integral itself.
  expect(Number.isInteger(order)).toBe(false);
  expect(epsilon).toBeLessThan(3.2392676);
  expect(epsilon / 3.2392676).toBeCloseTo(1, 4);
});

test('TensorFlow Privacy, privacy statement: 10 000 customers, batches of 64, five epochs, delta = 1e-6', () => {
  expect(epsilonOf({ noiseMultiplier: 1, samplingRate: 64 / 1e4, steps: 782, delta: 1e-6 })).toBeCloseTo(1.616, 3);
  // Without amplification by sampling every customer is in one step of each epoch.
  expect(epsilonOf({ noiseMultiplier: 1, samplingRate: 1, steps: 5, delta: 1e-6 })).toBeCloseTo(13.376, 3);
});

test('dp_accounting, rdp_privacy_accountant_test.py: one Gaussian query with epsilon = 1', () => {
  const orders = Array.from({ length: 99_000 }, (_, i) => 0.001 * (1000 + i));
  const once = { noiseMultiplier: 4.530877117, samplingRate: 1, steps: 1 };
  expect(privacyLoss([once], 1e-6, orders).epsilon).toBeCloseTo(1, 8);
  // Our own, coarser grid of orders misses the best one by little.
  expect(epsilonOf({ ...once, delta: 1e-6 })).toBeCloseTo(1, 6);
});

test.each([
  [5, 2.18075656e-3],
  [50, 2.38460375e-2],
  [100, 167.416308],
])(
  'dp_accounting, rdp_privacy_accountant_test.py: divergence of order %i, q = 0.01, sigma = 2.5, 50 steps',
  (order, expected) => {
    expect((50 * renyiDivergence(2.5, 0.01, order)) / expected).toBeCloseTo(1, 7);
  },
);

test.each([
  [1.5, 6.70579741e-4, 0.031],
  [2.5, 1.0854871e-3, 7e-5],
])(
  'dp_accounting, rdp_privacy_accountant_test.py: at order %f the absolute values added there give an upper bound',
  (order, bound, slack) => {
    const divergence = 50 * renyiDivergence(2.5, 0.01, order);
    expect(divergence).toBeLessThan(bound);
    expect(divergence).toBeGreaterThan(bound * (1 - slack));
  },
);

test.each([
  { q: 0.01, sigma: 2.5, order: 1.5, integral: 0.00001300141794376079 },
  { q: 0.01, sigma: 2.5, order: 2.5, integral: 0.00002170836113836249 },
  { q: 0.01, sigma: 2.5, order: 5, integral: 0.00004361513124615761 },
  { q: 0.04, sigma: 1.5, order: 3.7, integral: 0.001729812490005439 },
  { q: 0.01, sigma: 0.7, order: 5.6, integral: 0.2193573215328896 },
  { q: 0.0001, sigma: 1, order: 1.5, integral: 1.28853739076733e-8 },
  { q: 0.1, sigma: 100, order: 20.5, integral: 0.00001025221459388118 },
  { q: 0.5, sigma: 1, order: 1.1, integral: 0.156130475685493 },
  { q: 0.99, sigma: 0.5, order: 8.25, integral: 16.48856341092533 },
  { q: 0.2, sigma: 4, order: 40.5, integral: 0.0990977375914246 },
])(
  'the divergence is the integral that defines it: order $order, q = $q, sigma = $sigma (mpmath quadrature, 40 digits)',
  ({ q, sigma, order, integral }) => {
    expect(Math.abs(renyiDivergence(sigma, q, order) - integral)).toBeLessThan(1e-11 * Math.max(1, integral));
  },
);

test('dp_accounting, rdp_privacy_accountant_test.py: a pure guarantee of 1.1 at orders 2 .. 32', () => {
  const orders = Array.from({ length: 31 }, (_, i) => i + 2);
  const loss = epsilonFromRenyi(
    orders.map(() => 1.1),
    orders,
    1e-5,
  );
  expect(loss.order).toBe(32);
  expect(loss.epsilon).toBeCloseTo(1.32783806176, 10);
});

test.each([
  [2250, 1.416],
  [2000, 1.3562],
])('Opacus, accountants_test.py: epsilon = 8 with q = 0.04 over %i steps needs sigma = %f', (steps, sigma) => {
  const target = { epsilon: 8, delta: 1e-5, samplingRate: 0.04, steps };
  const found = noiseMultiplierFor(target);
  // Opacus itself stops within 0.01 of the target epsilon.
  expect(Math.abs(found - sigma)).toBeLessThan(5e-4);
  expect(epsilonOf({ ...target, noiseMultiplier: found })).toBeLessThanOrEqual(8);
  expect(epsilonOf({ ...target, noiseMultiplier: found * (1 - 1e-5) })).toBeGreaterThan(8);
});

test('sampling everybody almost surely is nearly not sampling, sampling nobody costs nothing', () => {
  for (const order of [1.5, 2, 5.5, 10]) {
    expect(renyiDivergence(2, 1 - 1e-9, order) / renyiDivergence(2, 1, order)).toBeCloseTo(1, 6);
    expect(renyiDivergence(2, 0, order)).toBe(0);
  }
});

test('no steps cost nothing; steps of different kinds add up; the parts cost less than the whole', () => {
  const first = { noiseMultiplier: 1, samplingRate: 0.02, steps: 100 };
  const second = { noiseMultiplier: 2, samplingRate: 0.1, steps: 50 };
  const [a, b, both] = [[first], [second], [first, second]].map((history) => privacyLoss(history, 1e-6).epsilon);
  expect(privacyLoss([], 1e-6).epsilon).toBe(0);
  expect(privacyLoss([{ ...first, steps: 0 }], 1e-6).epsilon).toBe(0);
  expect(both).toBeGreaterThan(Math.max(a ?? 0, b ?? 0));
  expect(both).toBeLessThan((a ?? 0) + (b ?? 0));
  const halves = [
    { ...first, steps: 40 },
    { ...first, steps: 60 },
  ];
  expect(privacyLoss(halves, 1e-6).epsilon).toBeCloseTo(a ?? 0, 9);
});

test('more noise, fewer steps, rarer sampling and a larger delta all cost less', () => {
  const base = { noiseMultiplier: 1, samplingRate: 0.05, steps: 200, delta: 1e-6 };
  const epsilon = epsilonOf(base);
  // The planning value of the design.
  expect(epsilon).toBeCloseTo(6.1, 1);
  for (const change of [{ noiseMultiplier: 2 }, { steps: 100 }, { samplingRate: 0.01 }, { delta: 1e-5 }]) {
    expect(epsilonOf({ ...base, ...change })).toBeLessThan(epsilon);
  }
});

test('log erfc keeps its precision from the middle to far beyond underflow (values: mpmath, 30 digits)', () => {
  const values = [
    [-8, Math.LN2],
    [-1, 0.6112323176780705],
    [0, 0],
    [0.5, -0.7350111298370844],
    [1.9999, -5.36449945777353],
    [2, -5.364941264616638],
    [5, -27.20088954553743],
    [30, -903.9741171106439],
    [1000, -1000007.480120722],
  ] as const;
  for (const [x, expected] of values) {
    expect(Math.abs(logErfc(x) - expected)).toBeLessThan(1e-13 * Math.max(1, Math.abs(expected)));
  }
});

test.each([
  { noiseMultiplier: 0 },
  { noiseMultiplier: Number.NaN },
  { samplingRate: -0.1 },
  { samplingRate: 1.1 },
  { steps: 1.5 },
  { steps: -1 },
  { delta: 0 },
  { delta: 1 },
])('a mechanism with %o is refused', (change) => {
  const base = { noiseMultiplier: 1, samplingRate: 0.05, steps: 200, delta: 1e-6 };
  expect(() => epsilonOf({ ...base, ...change })).toThrow(PrivacyError);
});

test('a target that no noise reaches is said to be out of reach', () => {
  const target = { epsilon: 1e-12, delta: 1e-30, samplingRate: 1, steps: 1_000_000 };
  expect(() => noiseMultiplierFor(target)).toThrow(expect.objectContaining({ code: 'unreachable' }));
  expect(() => noiseMultiplierFor({ ...target, epsilon: 0 })).toThrow(
    expect.objectContaining({ code: 'out-of-range' }),
  );
});

test('the default orders are those of dp_accounting', () => {
  expect(DEFAULT_ORDERS).toHaveLength(156);
  expect([DEFAULT_ORDERS.at(0), DEFAULT_ORDERS.at(98), DEFAULT_ORDERS.at(99), DEFAULT_ORDERS.at(-1)]).toEqual([
    1.1, 10.9, 11, 1024,
  ]);
});
