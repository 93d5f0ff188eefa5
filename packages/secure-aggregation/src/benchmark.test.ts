import { expect, test } from 'vitest';

import { benchmarkMasking } from './benchmark.ts';

const entries = {
  sites: new URL('./testing/workers/site-thread.mjs', import.meta.url),
  removal: new URL('./testing/workers/removal-thread.mjs', import.meta.url),
};

test.each([1, 2])('a whole round is measured on %i core(s), its sums checked, from key to sum', async (cores) => {
  const steps: string[] = [];
  const { rows } = await benchmarkMasking({
    cores,
    sizes: [{ sites: 20, parameters: 300 }],
    progress: (what) => steps.push(what),
    entries,
  });
  const of = (name: RegExp): number => rows.find((row) => name.test(row.name))?.value ?? Number.NaN;
  // 302 elements of four bytes, 32 bytes of hash, and less than 20 kB of keys, shares and signatures.
  expect(of(/^one site sends, 20 sites x 300, 1 lost, 1 group$/)).toBeGreaterThan(302 * 4 + 32);
  expect(of(/^one site sends/)).toBeLessThan(20_000);
  expect(of(/^one site receives/)).toBeGreaterThan(19 * 82);
  expect(of(/^coordinator, /)).toBeGreaterThan(of(/^coordinator: of that/));
  expect(rows.every(({ value }) => value > 0)).toBe(true);
  expect(steps.at(0)).toBe('20 sites x 300, 1 lost: keys, group 1 of 1');
  expect(steps.at(-1)).toBe('20 sites x 300, 1 lost: sums, 1 of 1');
});

test('many sites are measured in groups', async () => {
  const { rows } = await benchmarkMasking({ cores: 2, sizes: [{ sites: 130, parameters: 50 }], entries });
  expect(rows.map(({ name }) => name)).toContain('one site, 130 sites x 50, 6 lost, 2 groups');
}, 120_000);
