import { expect, test } from 'vitest';

import { log2Broken, log2Lost } from './random-groups.ts';

const bits = (log2: number): number => Math.round(-log2);

test.each([
  { cohort: 1000, group: 100, threshold: 73, fraction: 0.05, passive: Infinity, active: 148, lost: 55 },
  { cohort: 1000, group: 100, threshold: 73, fraction: 0.1, passive: 209, active: 75, lost: 24 },
  { cohort: 20_000, group: 100, threshold: 73, fraction: 0.05, passive: 233, active: 100, lost: 44 },
  { cohort: 20_000, group: 100, threshold: 73, fraction: 0.1, passive: 160, active: 58, lost: 22 },
  { cohort: 20_000, group: 100, threshold: 67, fraction: 0.05, passive: 199, active: 56, lost: 63 },
  { cohort: 20_000, group: 100, threshold: 67, fraction: 0.1, passive: 133, active: 26, lost: 34 },
  { cohort: 20_000, group: 100, threshold: 67, fraction: 0.2, passive: 71, active: 3, lost: 11 },
  { cohort: 20_000, group: 128, threshold: 90, fraction: 0.05, passive: 281, active: 104, lost: 66 },
  { cohort: 20_000, group: 128, threshold: 90, fraction: 0.1, passive: 191, active: 56, lost: 33 },
])(
  '$cohort sites in groups of $group, threshold $threshold, $fraction corrupt or lost (design, section 2.4)',
  ({ fraction, passive, active, lost, ...groups }) => {
    expect(bits(log2Broken(groups, fraction, 'passive'))).toBe(passive);
    expect(bits(log2Broken(groups, fraction, 'active'))).toBe(active);
    // The design cuts bits off where the others are rounded.
    expect(Math.abs(-log2Lost(groups, fraction) - lost)).toBeLessThan(1);
  },
);

test('of 200 groups any is lost with 2^-36 where a twentieth of the sites is lost (design, section 2.4)', () => {
  const lost = log2Lost({ cohort: 20_000, group: 100, threshold: 73 }, 0.05) + Math.log2(200);
  expect(Math.floor(-lost)).toBe(36);
});
