import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { defaultTraining, privateTraining, robustAggregation, type PlanTemplate } from '@noren/protocol';
import { freshValues, parameterGroups, presetPlan, writeBackbone } from '@noren/recommender';
import { afterAll, afterEach, expect, test, vi } from 'vitest';

import { architecture } from '../backbone/architecture.ts';
import { createProgram } from '../program.ts';

const home = mkdtempSync(join(tmpdir(), 'noren-plan-secrecy-'));
const usual = presetPlan('sequence', architecture, defaultTraining('sequence', {}));

afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(home, { recursive: true }));

/** What `noren plan ...` prints on standard output. */
async function plan(...words: string[]): Promise<string> {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  await createProgram().parseAsync(['--language', 'en', 'plan', ...words], { from: 'user' });
  return printed;
}

function secrecy(template: PlanTemplate, ...flags: string[]): Promise<string> {
  const file = join(home, 'plan.json');
  writeFileSync(file, JSON.stringify(template));
  return plan('secrecy', file, ...flags);
}

function backboneFile(): string {
  const values = freshValues(architecture, 7);
  const groups = parameterGroups(architecture);
  const tensors = groups
    .flatMap((group) => group.tensors)
    .map(({ name, shape }) => [name, { shape, data: values.get(name) ?? new Float32Array() }] as const);
  const file = join(home, 'backbone.safetensors');
  writeFileSync(
    file,
    writeBackbone({ config: architecture, groups: groups.map(({ name }) => name), tensors: new Map(tensors) }),
  );
  return file;
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
  expect(printed).toMatch(/100 sites \(10 %\) collude, active coordinator +2\^-74$/m);
  expect(printed).toMatch(/collude, the coordinator leaves out any sites it likes +2\^-5\d$/m);
  expect(printed).toMatch(/any group comes to no sum: 100 sites \(10 %\) lost before masking ends +2\^-21$/m);
  expect(printed).not.toContain('registered');
});

test('the more of the registered sites are missing the more shares a sum needs, until there is none', async () => {
  const printed = await secrecy(usual, '--sites', '700', '--registered', '1000');
  expect(printed).toContain(
    '1,000 sites are registered. Those that share their secrets with each other are among up to 171 of them',
  );
  expect(printed).toMatch(/^ +7 +100 +79 +79 +21 /m);
  await expect(secrecy(usual, '--sites', '250', '--registered', '1000')).rejects.toThrow('too few');
  await expect(secrecy(usual, '--sites', '250', '--registered', '249')).rejects.toThrow('250 cannot take part');
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
  const printed: unknown = JSON.parse(await secrecy(privateTraining(usual, 1000), '--json'));
  expect(printed).toMatchObject({
    asked: { sites: 5, minimumSurvivors: 4, corruptFraction: 0.1 },
    groups: [{ groups: 1, sites: 5, threshold: 4 }],
    log2Broken: { passive: null, active: null },
    spoiling: null,
    updateBytes: null,
  });
});

test('with a backbone the bytes of an update are counted', async () => {
  // 79,872 bytes of values (docs/plans.md), and two elements more.
  const printed: unknown = JSON.parse(await secrecy(usual, '--json', '--backbone', backboneFile()));
  expect(printed).toMatchObject({ ringBits: 32, updateBytes: 79_872 + 8 });
  const narrow = { ...usual, update: { ...usual.update, valueBits: 12 } };
  const packed: unknown = JSON.parse(await secrecy(narrow, '--sites', '100', '--json', '--backbone', backboneFile()));
  expect(packed).toMatchObject({ ringBits: 19, updateBytes: Math.ceil(((79_872 / 4 + 2) * 19) / 8) });
});

test('a plan that compares groups can be asked for', async () => {
  const words = ['new', 'sequence', '--backbone', backboneFile(), '--robust', '8', '--combine', 'trimmed-mean'];
  const template = JSON.parse(await plan(...words)) as PlanTemplate;
  expect(template.aggregation).toEqual({ profile: 'robust', groupSize: 8, combine: 'trimmed-mean' });
  expect(await secrecy(template)).toContain('24 sites mask in 3 groups, drawn anew each round.');
});

test('so can one whose many sites are one sum, with noise or without', async () => {
  for (const more of [[], ['--private', '50000']]) {
    const template = JSON.parse(
      await plan('new', 'sequence', '--backbone', backboneFile(), '--flat', ...more),
    ) as PlanTemplate;
    expect(template.aggregation).toEqual({ profile: 'private', topology: 'flat' });
    expect(template.privacy?.customers).toBe(more.length === 0 ? undefined : 50_000);
  }
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

test('a flat cohort stands with one sum and the probabilities that its graph was planned with', async () => {
  const flat = { ...usual, aggregation: { profile: 'private', topology: 'flat' } } as const;
  const printed = await secrecy(flat, '--sites', '1000', '--lost', '.1');
  expect(printed).toContain('1,000 sites mask in one graph, each with 134 neighbours; only the sum of all is opened.');
  expect(printed).toMatch(/^ +1 +1,000 +98 +667 +27 +27 +97 +45$/m);
  expect(printed).toMatch(/100 sites \(10 %\) collude, active coordinator +2\^-74$/m);
  expect(printed).not.toContain('any group');
});
