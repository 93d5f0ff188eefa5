import { describe, expect, test } from 'vitest';

import { formatsFor } from './format.ts';

const en = formatsFor('en');
const ja = formatsFor('ja');
const NOW = Date.parse('2026-11-24T02:41:20Z');
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('durations', () => {
  test.each([
    [0, '0s', '0秒'],
    [59_999, '59s', '59秒'],
    [134 * SECOND, '2m 14s', '2分14秒'],
    [HOUR, '1h 0m', '1時間0分'],
    [50 * HOUR, '2d 2h', '2日2時間'],
    [-5 * SECOND, '0s', '0秒'],
  ])('%i ms', (ms, english, japanese) => {
    expect(en.duration(ms)).toBe(english);
    expect(ja.duration(ms)).toBe(japanese);
  });
});

describe('times seen from now', () => {
  // English abbreviations differ between ICU versions ("4s ago", "4 sec. ago"): number, unit and direction do not.
  test.each([
    [0, /^now$/, '今'],
    [-4 * SECOND, /^4 ?s.* ago$/, '4秒前'],
    [-59 * MINUTE - 59 * SECOND, /^59 ?m.* ago$/, '59分前'],
    [-187 * MINUTE, /^3 ?h.* ago$/, '3時間前'],
    [-23 * HOUR, /^23 ?h.* ago$/, '23時間前'],
    [-3 * 24 * HOUR, /^3 ?d.* ago$/, '3日前'],
    [5 * MINUTE, /^in 5 ?m/, '5分後'],
  ])('%i ms away', (distance, english, japanese) => {
    expect(en.relative(NOW + distance, NOW)).toMatch(english);
    expect(ja.relative(NOW + distance, NOW).replaceAll(' ', '')).toBe(japanese);
  });

  test('the clock names the day only when it is another one', () => {
    expect(en.clock(NOW + MINUTE, NOW)).toMatch(/^\d{1,2}:\d\d:\d\d$/);
    expect(en.clock(NOW - 48 * HOUR, NOW)).toMatch(/Nov .*\d:\d\d:\d\d$/);
  });

  test('an exact time is told in the time zone asked for', () => {
    expect(en.dateTime(NOW, 'Asia/Tokyo')).toBe('24 Nov 2026, 11:41:20 GMT+9');
    expect(ja.dateTime(NOW, 'Asia/Tokyo')).toBe('2026年11月24日 11:41:20 JST');
  });
});

describe('sizes and numbers', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_949, '1.0 MB'],
    [1_482_000, '1.5 MB'],
    [123_456_789, '123 MB'],
  ])('%i bytes', (count, text) => {
    expect(en.bytes(count)).toBe(text);
  });

  test('a difference always shows its sign, also when rounding leaves nothing else', () => {
    expect(en.signed(0.0142, 4)).toBe('+0.0142');
    expect(en.signed(-0.0005, 4)).toBe('−0.0005');
    expect(en.signed(-0.00001, 4)).toBe('−0.0000');
  });

  test('large counts at a glance', () => {
    expect(en.compact(1_284_608)).toBe('1.28M');
    expect(ja.compact(1_284_608)).toBe('128万');
  });
});
