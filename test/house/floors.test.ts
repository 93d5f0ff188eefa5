import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

/** The house of docs/architecture.md: a package depends only on packages of lower floors. */
const floors: Readonly<Record<string, number>> = {
  tensor: 0,
  'secure-aggregation': 0,
  privacy: 0,
  dataset: 1,
  protocol: 1,
  recommender: 2,
  experiment: 3,
  coordinator: 3,
  agent: 3,
  console: 3,
  simulator: 4,
  cli: 5,
};

const packages = join(import.meta.dirname, '../../packages');

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

describe('the floors of the house', () => {
  test('every package has a floor', () => {
    expect(readdirSync(packages).sort()).toEqual(Object.keys(floors).sort());
  });

  // Undeclared imports are caught by the unused-and-unlisted check, so the manifests are the whole truth.
  test.each(Object.keys(floors))('%s depends only on lower floors', (name) => {
    const manifest = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8')) as Manifest;
    const upward = Object.keys(manifest.dependencies ?? {})
      .filter((dependency) => dependency.startsWith('@noren/'))
      .map((dependency) => dependency.slice('@noren/'.length))
      .filter((dependency) => (floors[dependency] ?? Infinity) >= (floors[name] ?? -1));
    expect(upward).toEqual([]);
  });
});
