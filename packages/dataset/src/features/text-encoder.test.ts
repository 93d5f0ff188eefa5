import { describe, expect, test } from 'vitest';

import { randomStream } from '../random.ts';
import { encodeTexts, fitTextEncoder } from './text-encoder.ts';
import { textTerms } from './text-terms.ts';

const COLOURS = ['red', 'blue', 'green', 'black'];
const THINGS = ['linen shirt', 'wool coat', 'leather bag', 'denim skirt', 'cotton dress'];
const ENGLISH = COLOURS.flatMap((colour) => THINGS.map((thing) => `${colour} ${thing}`));

function similarity(texts: readonly string[], fitted: readonly string[]): (a: number, b: number) => number {
  const encoder = fitTextEncoder(fitted, 16, randomStream(1, 'text'));
  const { data, dimension } = encodeTexts(encoder, texts);
  return (a, b) => {
    let dot = 0;
    for (let k = 0; k < dimension; k++) dot += (data[a * dimension + k] ?? 0) * (data[b * dimension + k] ?? 0);
    return dot / dimension;
  };
}

describe('terms', () => {
  test('full-width and half-width forms and case do not matter', () => {
    expect(textTerms('ＲＥＤ ｶﾞﾗｽ')).toEqual(textTerms('red ガラス'));
  });

  test('a change of script ends a word, so that Japanese needs no spaces', () => {
    expect(textTerms('赤い綿のシャツ')).toEqual(textTerms('赤 い 綿 の シャツ'));
  });

  test('a text without letters has no terms', () => {
    expect(textTerms(' -- ?! 。').size).toBe(0);
  });
});

describe('similarity', () => {
  test('English texts that share words are nearer', () => {
    const texts = ['red linen shirt', 'blue linen shirt', 'black leather bag'];
    const near = similarity(texts, ENGLISH);
    expect(near(0, 1)).toBeGreaterThan(near(0, 2) + 0.2);
    expect(near(0, 0)).toBeCloseTo(1, 5);
  });

  test.each([
    [
      'fitted on Japanese',
      ['赤い綿のシャツ', '青い綿のシャツ', '黒い革のかばん', '青い陶器の皿', '麻のスカート', '羊毛のコート'],
    ],
    ['fitted on English only', ENGLISH],
  ])('Japanese texts that share words are nearer, %s', (_, fitted) => {
    const near = similarity(['赤い綿のシャツ', '白い綿シャツ', '青磁の大皿', '藍染めの小皿'], fitted);
    expect(near(0, 1)).toBeGreaterThan(near(0, 2) + 0.1);
    expect(near(2, 3)).toBeGreaterThan(near(1, 3) + 0.1);
  });

  test('misspelt and inflected words are near by their letters', () => {
    const near = similarity(['linen shirts', 'linen shirt', 'wool coat'], ENGLISH);
    expect(near(0, 1)).toBeGreaterThan(near(0, 2) + 0.3);
  });
});

test('rows have length sqrt(dimension); a text without letters has a zero row', () => {
  const encoder = fitTextEncoder(ENGLISH, 16, randomStream(1, 'text'));
  const { data, present } = encodeTexts(encoder, ['red linen shirt', '', '!?', '皿']);
  expect([...present]).toEqual([1, 0, 0, 1]);
  const lengths = [0, 1, 2, 3].map((row) => Math.hypot(...data.subarray(row * 16, row * 16 + 16)));
  expect(lengths.map((length) => Math.round(length * 1e4) / 1e4)).toEqual([4, 0, 0, 4]);
});

test('headquarters without any text still gives different texts different features', () => {
  const near = similarity(['red shirt', 'red shirt', 'blue coat'], []);
  expect(near(0, 1)).toBeCloseTo(1, 5);
  expect(near(0, 2)).toBeLessThan(0.9);
});
