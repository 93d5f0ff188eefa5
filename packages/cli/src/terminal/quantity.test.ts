import { expect, test } from 'vitest';

import { bytesText, secondsText } from './quantity.ts';

test('sizes read in the unit an operator would use', () => {
  expect([bytesText(900), bytesText(2048), bytesText(5 * 1024 ** 2)]).toEqual(['900 B', '2.0 KiB', '5.0 MiB']);
});

test('durations read in seconds', () => {
  expect(secondsText(12_340)).toBe('12.3');
});
