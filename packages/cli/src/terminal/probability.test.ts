import { expect, test } from 'vitest';

import { probabilityText } from './probability.ts';

test('probabilities read as powers of two where they are small, never smaller than they are', () => {
  expect(probabilityText(-75.2, 'never')).toBe('2^-75');
  expect(probabilityText(-75.9, 'never')).toBe('2^-75');
  expect(probabilityText(-10.01, 'never')).toBe('2^-10');
});

test('others read as shares, and what cannot happen by its word', () => {
  expect(probabilityText(-2, 'never')).toBe('25 %');
  expect(probabilityText(-10, 'never')).toBe('0.0977 %');
  expect(probabilityText(0, 'never')).toBe('100 %');
  expect(probabilityText(-Infinity, '起こらない')).toBe('起こらない');
});
