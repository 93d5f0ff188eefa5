import { expect, test } from 'vitest';

import { groupParameters } from './group-parameters.ts';
import { codeOf } from './testing/federation.ts';

test.each([
  [3, 2, 3],
  [4, 3, 3],
  [5, 4, 4],
  [7, 5, 5],
  [10, 7, 7],
  [16, 11, 11],
  [20, 14, 14],
  [100, 67, 67],
])('%i sites: threshold %i, at least %i survivors (design, section 2.4)', (sites, threshold, minimumSurvivors) => {
  expect(groupParameters(sites)).toEqual({ sites, threshold, minimumSurvivors });
});

test('a group of less than three, more than 255 or a broken number of sites is refused', () => {
  expect(codeOf(() => groupParameters(2))).toBe('too-few-sites');
  expect(codeOf(() => groupParameters(256))).toBe('too-many-sites');
  expect(codeOf(() => groupParameters(3.5))).toBe('malformed');
  expect(codeOf(() => groupParameters(Number.NaN))).toBe('malformed');
});
