import { expect, test } from 'vitest';
import { tinyConfig } from '../testing/tiny-study.ts';
import { parseRecommenderConfig } from './recommender-config.ts';

test('a config comes back unchanged', () => {
  expect(parseRecommenderConfig(JSON.parse(JSON.stringify(tinyConfig)))).toEqual(tinyConfig);
});

test('a config that says nothing of identities and adapters has none', () => {
  const { identity: _identity, adapterRank: _rank, ...rest } = tinyConfig;
  expect(parseRecommenderConfig(rest)).toEqual(tinyConfig);
});

test.each([
  ['heads', { heads: 3 }],
  ['temperature', { temperature: 0 }],
  ['fusion', { fusion: 'magic' }],
  ['extra', { extra: 1 }],
  ['experts', { experts: { text: 0, image: 1, price: 1 } }],
])('a wrong %s is named', (field, change) => {
  expect(() => parseRecommenderConfig({ ...tinyConfig, ...change })).toThrow(new RegExp(field));
});
