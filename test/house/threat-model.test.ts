import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const document = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');

/** `file.test.ts` "beginning or part of a test's name" */
const CLAIM = /`([\w./-]+\.test\.ts)` "([^"]+)"/g;
const claims = [...document.matchAll(CLAIM)].map(([, file = '', name = '']) => ({ file, name }));

test('the threat model names tests at all', () => {
  expect(claims.length).toBeGreaterThan(15);
});

/** "| 7, an update declared late | what stops it | `file.test.ts` "name" |" */
const ROW = /^\| (\d+), [^|]+\| [^|]+\| (`[^|]+) \|$/gm;

test('every attack of the table has a row, in order and in one table, and a test that names it', () => {
  const rows = [...document.matchAll(ROW)];
  expect(rows.map(([, number]) => Number(number))).toEqual(Array.from({ length: 18 }, (_, index) => index + 1));
  const [first, last] = [rows.at(0)?.index ?? 0, rows.at(-1)?.index ?? 0];
  expect(document.slice(first, last)).not.toContain('\n\n');
  for (const [, number, shown = ''] of rows) {
    const files = [...shown.matchAll(CLAIM)].map(([, file = '']) => readFileSync(join(root, pathOf(file)), 'utf8'));
    const named = files.some((text) => new RegExp(`attack ${number}\\b`, 'i').test(text));
    expect(named, `attack ${number}`).toBe(true);
  }
});

test.each(claims)('$name is in $file', ({ file, name }) => {
  expect(readFileSync(join(root, pathOf(file)), 'utf8')).toContain(name);
});

function pathOf(file: string): string {
  return file.startsWith('packages/') ? file : join('packages/secure-aggregation/src', file);
}
