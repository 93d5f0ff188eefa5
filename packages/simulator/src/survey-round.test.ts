import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { surveyLength, type PlanSurvey, type PlanTemplate } from '@noren/protocol';
import type { RoundJob, Surveyed } from '@noren/agent';
import { expect, onTestFinished, test } from 'vitest';
import { plainLineage } from './lineage.ts';
import { SeededTrainer } from './seeded-trainer.ts';
import { simulateFederation, type SimulatedRound, type SimulationOptions } from './simulate-federation.ts';

const survey: PlanSurvey = {
  version: 1,
  probes: [
    { name: 'set.all', reinit: [], trained: ['item.text'], modalities: ['text'], against: [] },
    { name: 'start.reinit', reinit: ['item.text'], trained: ['item.text'], modalities: ['text'], against: ['set.all'] },
  ],
};

/** The lineage's own plan as a survey. */
function surveyPlan(): PlanTemplate {
  const { plan } = plainLineage(1000);
  const groups = Object.fromEntries(
    Object.keys(plan.groups).map((name) => [name, { start: 'pretrained', scope: 'frozen' } as const]),
  );
  const clipNorm = Math.sqrt(surveyLength({ groups, survey }));
  return { ...plan, name: 'survey', groups, update: { ...plan.update, clipNorm }, survey };
}

class Remembering extends SeededTrainer {
  surveyed: Surveyed | null = null;

  override async survey(job: RoundJob): Promise<Surveyed> {
    this.surveyed = await super.survey(job);
    return this.surveyed;
  }
}

interface Surveyors {
  readonly rounds: readonly SimulatedRound[];
  readonly folder: string;
  readonly trainers: ReadonlyMap<string, Remembering>;
}

async function simulate(o: Pick<SimulationOptions, 'sites' | 'faults'>): Promise<Surveyors> {
  const folder = mkdtempSync(join(tmpdir(), 'noren-survey-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const trainers = new Map<string, Remembering>();
  const trainer = (site: string): Remembering => {
    const made = new Remembering(3, site);
    trainers.set(site, made);
    return made;
  };
  const rounds = await simulateFederation({ folder, rounds: 1, seed: 3, survey: surveyPlan(), trainer, ...o });
  return { rounds, folder, trainers };
}

/** Weighted mean of what the survivors measured. */
function meanOf(survivors: readonly string[], trainers: ReadonlyMap<string, Remembering>): number[] {
  const vectors = survivors.map((site) => trainers.get(site)?.surveyed?.update ?? new Float32Array());
  const total = vectors.reduce((sum, vector) => sum + (vector[0] ?? 0), 0);
  return Array.from({ length: surveyLength({ groups: surveyPlan().groups, survey }) }, (_, at) =>
    vectors.reduce((sum, vector) => sum + ((vector[0] ?? 0) * (vector[at] ?? 0)) / total, 0),
  );
}

test('a survey opens the weighted mean of the sites’ measures and changes no model', async () => {
  const { rounds, folder, trainers } = await simulate({ sites: 5 });
  const [round] = rounds;
  expect(round).toMatchObject({ outcome: 'accepted', sumIsExact: true, release: 0 });
  expect(round?.survivors).toHaveLength(5);
  const expected = meanOf(round?.survivors ?? [], trainers);
  expect(round?.measures).toHaveLength(expected.length);
  expected.forEach((value, at) => expect(round?.measures?.[at], `element ${at}`).toBeCloseTo(value, 4));

  const home = join(folder, 'site-001');
  expect(readFileSync(join(home, 'survey.json'), 'utf8')).toBe('{}');
  const ledger = readFileSync(join(home, 'ledger.jsonl'), 'utf8').trim().split('\n');
  const entries = ledger.map((line) => JSON.parse(line) as { kind: string; findings?: string });
  const kinds = entries.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'survey')).toHaveLength(1);
  // No update, no evaluation; of the files that the coordinator has, only the backbone and, where the site has heard of the
  // round's end before it was stopped, what the sum rests on.
  expect(kinds.filter((kind) => kind === 'upload' || kind === 'evaluationReport')).toEqual([]);
  const audits = entries.filter(({ kind }) => kind === 'audit');
  expect(audits.every(({ findings }) => findings === 'in-sum')).toBe(true);
  expect(kinds.filter((kind) => kind === 'download').length).toBeLessThanOrEqual(2);
});

test('sites that fall silent are missing from the mean and nothing else', async () => {
  const { rounds, trainers } = await simulate({ sites: 7, faults: { dropAfterKeys: 0.47 } });
  const [round] = rounds;
  expect(round).toMatchObject({ outcome: 'accepted', sumIsExact: true, release: 0 });
  // Two of the seeded shares lie below 0.47.
  expect(round?.survivors).toHaveLength(5);
  meanOf(round?.survivors ?? [], trainers).forEach((value, at) =>
    expect(round?.measures?.[at], `element ${at}`).toBeCloseTo(value, 4),
  );
});
