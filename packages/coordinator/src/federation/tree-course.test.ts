import { defaultTraining } from '@noren/protocol';
import type { PlanTemplate, TreePlace } from '@noren/protocol';
import { expect, test } from 'vitest';

import { NoiseKeyFolder } from '../noise/noise-keys.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { withPlace } from './tree-course.ts';
import type { TreeCourse } from './tree-course.ts';

const template: PlanTemplate = {
  ...defaultTraining('private', {}),
  privacy: {
    unit: 'customer',
    mode: 'central',
    mechanism: { kind: 'tree', rounds: 3, sites: 5 },
    clipNorm: 1,
    noiseMultiplier: 1,
    samplingRate: 1 / 3,
    customers: 1000,
    delta: 1e-5,
    minimumHonest: 3,
    colluding: 0,
    sitesPerCustomer: 1,
    homes: null,
  },
};

test('rounds take one leaf after the other, and a new tree after the last or where the secret is lost', async () => {
  const keys = await NoiseKeyFolder.open(await temporaryFolder());
  const next = async (course: TreeCourse | null): Promise<TreePlace> => {
    const { privacy } = await withPlace(template, course, { sites: 5, keys });
    if (privacy?.mechanism?.place === undefined) throw new Error('no place');
    return privacy.mechanism.place;
  };
  const first = await next(null);
  expect(first.leaf).toBe(1);
  expect(await next({ ...first, opened: 0 })).toEqual({ tree: first.tree, leaf: 2 });
  const second = await next({ tree: first.tree, leaf: 3, opened: 2 });
  expect(second.leaf).toBe(1);
  expect(second.tree).not.toBe(first.tree);
  // As after a restore from a backup that lacked it.
  const third = await next({ tree: first.tree, leaf: 1, opened: 1 });
  expect(third).toMatchObject({ leaf: 1 });
  expect(third.tree).not.toBe(first.tree);
});

test('more sites than the tree is laid out for are told before the round, other plans are left as they are', async () => {
  const keys = await NoiseKeyFolder.open(await temporaryFolder());
  await expect(withPlace(template, null, { sites: 6, keys })).rejects.toMatchObject({ code: 'plan-mismatch' });
  const exact = { ...template, privacy: null };
  expect(await withPlace(exact, null, { sites: 600, keys })).toBe(exact);
});
