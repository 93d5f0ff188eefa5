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

test.each(claims)('$name is in $file', ({ file, name }) => {
  const path = file.startsWith('packages/') ? file : join('packages/secure-aggregation/src', file);
  expect(readFileSync(join(root, path), 'utf8')).toContain(name);
});
