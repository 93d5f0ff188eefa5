import { describe, expect, test } from 'vitest';

import { messages } from './dictionary.ts';
import { firstLanguage } from './language.tsx';

describe('the language the page starts in', () => {
  test.each([
    [['ja-JP', 'en-US'], 'ja'],
    [['fr-FR', 'en-GB', 'ja'], 'en'],
    [['de'], 'en'],
    [[null, null, 'ja'], 'ja'],
    [['en', null, 'ja'], 'en'],
    [[], 'en'],
  ] as const)('wishes %j give %s', (wishes, language) => {
    expect(firstLanguage(wishes)).toBe(language);
  });
});

test('no Japanese text was left in English', () => {
  const same = Object.entries(flatten(messages.ja)).filter(([path, text]) => flatten(messages.en)[path] === text);
  // Names of metrics are the same in both languages.
  expect(same.map(([path]) => path)).toEqual(['metricName.ndcg', 'metricName.hr']);
});

/** Every text by its path; functions are asked with placeholders. */
function flatten(entry: object, prefix = ''): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(entry) as [string, unknown][]) {
    const path = `${prefix}${key}`;
    if (typeof value === 'string') texts[path] = value;
    else if (typeof value === 'function') texts[path] = String(value('‹1›', '‹2›', '‹3›', '‹4›'));
    else if (typeof value === 'object' && value !== null) Object.assign(texts, flatten(value, `${path}.`));
  }
  return texts;
}
