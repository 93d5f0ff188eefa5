import { expect, test } from 'vitest';

import { messages } from '../language/dictionary.ts';
import { scheduleWords } from './schedule-words.ts';

test.each([
  ['*/30 * * * *', 'every 30 minutes', '30分ごと'],
  ['* * * * *', 'every minute', '毎分'],
  ['15 * * * *', 'every hour at :15', '毎時15分'],
  ['0 */6 * * *', 'every 6 hours', '6時間ごと'],
  ['0 2 * * *', 'every day at 02:00', '毎日 02:00'],
  ['0 30 22 * * *', 'every day at 22:30', '毎日 22:30'],
  ['5 9 * * 1-5', 'Monday to Friday at 09:05', '月曜〜金曜 09:05'],
  ['0 3 * * 0', 'every Sunday at 03:00', '毎週日曜日 03:00'],
  ['0 3 * * 7', 'every Sunday at 03:00', '毎週日曜日 03:00'],
])('%s is %s', (expression, english, japanese) => {
  expect(scheduleWords(expression, messages.en, 'en')).toBe(english);
  expect(scheduleWords(expression, messages.ja, 'ja')).toBe(japanese);
});

test.each([
  '0 2 1 * *',
  '0 2 * 12 *',
  '*/7 * * * *',
  '*/0 * * * *',
  '0,30 * * * *',
  '0 2 * * 1,3',
  '61 * * * *',
  '0 24 * * *',
  '30 0 2 * * *',
  '@daily',
  '',
  '* * * *',
])('%j is better shown as it is', (expression) => {
  expect(scheduleWords(expression, messages.en, 'en')).toBeNull();
});
