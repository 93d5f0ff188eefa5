import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { expect, test } from 'vitest';

const packages = join(import.meta.dirname, '../../packages');

/** Whose seeds, masks, shares, noise, samples and keys must not be guessed. */
const SECRETIVE = ['secure-aggregation', 'privacy', 'protocol', 'coordinator', 'agent'];

/** How long an agent waits before it connects again may be guessed. */
const HARMLESS = ['agent/src/agent.ts'];

function sourcesOf(name: string): string[] {
  const entries = readdirSync(join(packages, name, 'src'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

test('nothing that must not be guessed comes from Math.random', () => {
  const files = SECRETIVE.flatMap(sourcesOf);
  expect(files.length).toBeGreaterThan(200);
  const guessable = files.filter((file) => readFileSync(file, 'utf8').includes('Math.random'));
  expect(guessable.map((file) => relative(packages, file))).toEqual(HARMLESS);
});
