import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { defaultTraining, privateTraining, robustAggregation, type PlanTemplate } from '@noren/protocol';
import { presetPlan } from '@noren/recommender';
import { afterAll, afterEach, expect, test, vi } from 'vitest';

import { architecture } from '../backbone/architecture.ts';
import { createProgram } from '../program.ts';

const home = mkdtempSync(join(tmpdir(), 'noren-plan-secrecy-'));
const usual = presetPlan('sequence', architecture, defaultTraining('sequence', {}));

afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(home, { recursive: true }));

/** What `noren plan secrecy` prints on standard output. */
async function secrecy(plan: PlanTemplate, ...flags: string[]): Promise<string> {
  const file = join(home, 'plan.json');
  writeFileSync(file, JSON.stringify(plan));
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  await createProgram().parseAsync(['--language', 'en', 'plan', 'secrecy', file, ...flags], { from: 'user' });
  return printed;
}

test('a complete graph stands its counts for certain', async () => {
  const printed = await secrecy(usual, '--sites', '10');
  expect(printed).toContain('10 sites mask together; only their sum is opened.');
  expect(printed).toMatch(/^ +1 +10 +7 +7 +3 +3 +6 +3$/m);
  expect(printed.match(/ never$/gm)).toHaveLength(3);
});

test('groups drawn by chance stand with the probabilities of the threat model', async () => {
  const printed = await secrecy(usual, '--sites', '1000', '--lost', '.1');
  expect(printed).toContain('1,000 sites mask in 10 groups');
  expect(printed).toMatch(/100 sites \(10 %\) collude, active coordinator +2\^-60$/m);
  expect(printed).toMatch(/any group comes to no sum: 100 sites \(10 %\) lost before masking ends +2\^-25$/m);
});

test('groups that are compared are held against the breakdown point of their combination', async () => {
  const robust = robustAggregation(usual, { groupSize: 16, combine: 'median' });
  const printed = await secrecy(robust, '--sites', '1000', '--corrupt', '.02');
  expect(printed).toContain('the update is the median of their means');
  expect(printed).toMatch(/the median breaks down \(31 of 62 groups spoilt\): 20 corrupt sites +never$/m);
  expect(printed).toMatch(/each site corrupt by itself with chance 2 % +2\^-12$/m);
  expect(printed).toContain('20 corrupt sites (2 %) spoil 28 % of the groups on average.');
});

test('a program reads the same as JSON, in which what cannot happen is null', async () => {
  const plan = privateTraining(usual, 1000);
  const printed: unknown = JSON.parse(await secrecy(plan, '--json'));
  expect(printed).toMatchObject({
    asked: { sites: 5, minimumSurvivors: 4, corruptFraction: 0.1 },
    groups: [{ groups: 1, sites: 5, threshold: 4 }],
    log2Broken: { passive: null, active: null },
    spoiling: null,
    updateBytes: null,
  });
});

test('Japanese is spoken, too', async () => {
  expect(await secrecy(usual, '--sites', '10', '--language', 'ja')).toContain('起こらない');
});

test('fewer sites than the plan needs, and shares that are none, are refused', async () => {
  await expect(
    secrecy(robustAggregation(usual, { groupSize: 16, combine: 'median' }), '--sites', '47'),
  ).rejects.toThrow('48 sites or more, not 47');
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await expect(secrecy(usual, '--corrupt', '2')).rejects.toThrow('a number from 0 to 1');
});
