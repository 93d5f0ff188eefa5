/** Buckets that words and character n-grams are hashed to. */
export const TEXT_BUCKETS = 8192;

/** Bucket -> weight of one text. */
export type TermWeights = ReadonlyMap<number, number>;

const WORD =
  /\p{Script=Han}+|\p{Script=Hiragana}+|[\p{Script=Katakana}ー]+|(?:(?!\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana})[\p{L}\p{M}\p{N}])+/gu;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * Hashed words and character n-grams of a text, sublinear counts 1 + ln(tf).
 *
 * NFKC folds full-width and half-width forms, so ＲＥＤ, red and ｶﾞﾗｽ, ガラス meet. A change of script ends a word,
 * which cuts Japanese (written without spaces) into useful pieces without a dictionary whose version would have to be
 * the same at every site. N-grams run within a word, marked at its ends, of 3 to 5 letters; of 1 to 3 letters in Han
 * and kana words, where two letters already are a word. Words and n-grams are normalised apart, so that long words do
 * not drown in their own n-grams.
 */
export function textTerms(text: string): TermWeights {
  const words = new Map<number, number>();
  const grams = new Map<number, number>();
  for (const [word] of text.normalize('NFKC').toLowerCase().matchAll(WORD)) {
    count(words, bucket(hashed(WORD_SEED, word)));
    if (UNSPACED.test(word)) countGrams(grams, word, 1, 3);
    else countGrams(grams, `<${word}>`, 3, 5);
  }
  const weights = new Map<number, number>();
  addNormalised(weights, words);
  addNormalised(weights, grams);
  return weights;
}

function countGrams(counts: Map<number, number>, word: string, shortest: number, longest: number): void {
  for (let start = 0; start < word.length; start++) {
    let hash = GRAM_SEED;
    const end = Math.min(word.length, start + longest);
    for (let at = start; at < end; at++) {
      hash = step(hash, word.charCodeAt(at));
      if (at - start + 1 >= shortest) count(counts, bucket(hash));
    }
  }
}

function count(counts: Map<number, number>, bucket: number): void {
  counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
}

function addNormalised(weights: Map<number, number>, counts: ReadonlyMap<number, number>): void {
  let squares = 0;
  for (const tf of counts.values()) squares += (1 + Math.log(tf)) ** 2;
  for (const [bucket, tf] of counts)
    weights.set(bucket, (weights.get(bucket) ?? 0) + (1 + Math.log(tf)) / Math.sqrt(squares));
}

// FNV-1a over UTF-16 units; two starting values keep a word and the n-gram of the same letters apart.
const WORD_SEED = 0x811c9dc5;
const GRAM_SEED = 0x9e3779b9;

function step(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

function hashed(seed: number, word: string): number {
  let hash = seed;
  for (let at = 0; at < word.length; at++) hash = step(hash, word.charCodeAt(at));
  return hash;
}

/** murmur3's final mix, because FNV alone leaves its low bits uneven. */
function bucket(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) % TEXT_BUCKETS;
}
