import { describe, expect, test } from 'vitest';

import { textTerms } from './text-terms.ts';

/** Cosine of the terms' weights: 1 for the same terms, 0 for none in common. */
function shared(one: string, other: string): number {
  const [a, b] = [textTerms(one), textTerms(other)];
  const length = (weights: ReadonlyMap<number, number>): number => Math.hypot(...weights.values());
  const dot = [...a].reduce((sum, [bucket, weight]) => sum + weight * (b.get(bucket) ?? 0), 0);
  return dot / (length(a) * length(b));
}

describe('spellings that mean the same give the same terms', () => {
  test.each([
    ['full-width letters, digits and signs', 'Ｔシャツ　Ｌサイズ　１００％', 'Tシャツ Lサイズ 100%'],
    ['half-width katakana with a voicing mark of its own', 'ﾊﾞｯｸﾞ ﾌﾟﾚﾐｱﾑ', 'バッグ プレミアム'],
    ['the half-width long vowel', 'ｺｰﾋｰ ｾﾞﾘｰ', 'コーヒー ゼリー'],
    ['kana composed of two characters', 'カ\u3099ラス', 'ガラス'],
    ['no spaces between scripts', '北海道産じゃがいもチップスBIG', '北海道産 じゃがいも チップス BIG'],
    ['Latin next to katakana', 'USBケーブル', 'usb ｹｰﾌﾞﾙ'],
    ['a middle dot', 'ティー・バッグ', 'ティー バッグ'],
    ['brackets and other signs', '【送料無料】麦茶(2L×6本)', '送料無料 麦茶 2L 6本'],
    ['squared words', '㌔ ㍑', 'キロ リットル'],
    ['capitals and ligatures', 'COFFEE ﬁlter', 'coffee filter'],
  ])('%s', (_, one, other) => {
    expect(textTerms(one)).toEqual(textTerms(other));
    expect(textTerms(one).size).toBeGreaterThan(2);
  });
});

describe('related words share n-grams, unrelated ones of the same script hardly any', () => {
  test.each([
    ['a long vowel left out', 'コンピューター', 'コンピュータ', 'レインコート'],
    ['a variant of a katakana word', 'ヴィンテージデニム', 'ビンテージデニム', 'オーガニックソープ'],
    ['a compound written without spaces', 'リネンシャツ', 'シャツ', 'マグカップ'],
    ['a compound and its parts', 'メンズリネンシャツ', 'メンズ シャツ', 'ステンレスボトル'],
    ['a Han compound', '有機栽培緑茶', '緑茶', '洗濯洗剤'],
    ['the iteration mark', '色々野菜', '野菜色々', '牛乳石鹸'],
    ['okurigana written or not', '焼き鳥', '焼鳥', '羊毛'],
    ['an inflected English word', 'knitted scarves', 'knit scarf', 'bath towel'],
    ['mixed text of one thing', 'Nordic ウールコート ブラック', 'ウールコート nordic', 'スポーツ shoes ホワイト'],
  ])('%s', (_, one, other, unrelated) => {
    expect(shared(one, other)).toBeGreaterThan(0.2);
    expect(shared(one, other)).toBeGreaterThan(2 * shared(one, unrelated));
  });
});

test('every term is a place of the table', () => {
  for (const text of ['コーヒー豆 200g', 'Ground coffee', '😀 ☕'])
    for (const [bucket, weight] of textTerms(text)) {
      expect(bucket >= 0 && bucket < 8192 && Number.isInteger(bucket)).toBe(true);
      expect(weight).toBeGreaterThan(0);
    }
  expect(textTerms('😀 ☕').size).toBe(0);
});
