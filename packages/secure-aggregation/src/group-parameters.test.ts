import { expect, test } from 'vitest';

import { groupParameters } from './group-parameters.ts';
import { codeOf } from './testing/federation.ts';

test.each([
  [3, 2, 3, 'passive'],
  [4, 3, 3, 'active'],
  [5, 4, 4, 'active'],
  [7, 5, 5, 'active'],
  [10, 7, 7, 'active'],
  [16, 11, 11, 'active'],
  [20, 14, 14, 'active'],
  [100, 67, 67, 'active'],
] as const)(
  '%i sites: threshold %i, at least %i survivors, %s (design, section 2.4)',
  (sites, threshold, minimumSurvivors, mode) => {
    expect(groupParameters(sites)).toMatchObject({ sites, threshold, minimumSurvivors, mode });
    expect(groupParameters(sites)).toMatchObject({ holders: sites, signers: sites, signatures: threshold });
  },
);

test('in a passive group the survivors that a site accepts leave no choice', () => {
  expect(groupParameters(3).minimumSurvivors).toBe(3);
});

test('a group of less than three, more than 255 or a broken number of sites is refused', () => {
  expect(codeOf(() => groupParameters(2))).toBe('too-few-sites');
  expect(codeOf(() => groupParameters(256))).toBe('too-many-sites');
  expect(codeOf(() => groupParameters(3.5))).toBe('malformed');
  expect(codeOf(() => groupParameters(Number.NaN))).toBe('malformed');
});
