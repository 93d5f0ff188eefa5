import { parameterGroups } from '../parameters/groups.ts';
import { describe, expect, test } from 'vitest';
import { tinyConfig } from '../testing/tiny-study.ts';
import { chooseGroups, leaveOutGroups } from './choose-groups.ts';
import { chooseModalities } from './choose-modalities.ts';
import { chooseStart } from './choose-start.ts';
import { defaultSurvey } from './survey-plan.ts';
import type { Estimate, OpenedSurvey } from './survey-vector.ts';

/** Ten sites that measured this; everything else is 0 with standard error 0.01. */
function opened(figures: Readonly<Record<string, number | readonly [number, number]>>): OpenedSurvey {
  const none: Estimate = { mean: 0, standardError: 0.01 };
  const known = new Map(
    Object.entries(figures).map(([measure, figure]) => {
      const [mean, standardError] = typeof figure === 'number' ? [figure, 0.01] : figure;
      return [measure, { mean, standardError }];
    }),
  );
  const estimates = new Map<string, Estimate>(
    defaultSurvey(tinyConfig).probes.flatMap(({ name, against }) =>
      ['', ...against.map((other) => `/${other}`)].map((other) => [`gain.${name}${other}`, none] as const),
    ),
  );
  for (const [measure, estimate] of [...known, ['unused', none] as const]) estimates.set(measure, estimate);
  if (!estimates.has('backbone/none')) estimates.set('backbone/none', { mean: 0.1, standardError: 0.01 });
  return { sites: 10, estimates };
}

describe('the start', () => {
  const fresh = 'gain.start.reinit/set.all';
  test.each([
    ['nothing tells them apart', { [fresh]: 0 }, 'pretrained'],
    // Ten sites: t with nine degrees of freedom is 1.833 at 95 %.
    ['a fresh item side is ahead, but not surely', { [fresh]: 0.018 }, 'pretrained'],
    ['a fresh item side is surely ahead', { [fresh]: 0.019 }, 'reinit'],
    ['the backbone knows nothing', { [fresh]: -0.005, 'backbone/none': 0.001 }, 'reinit'],
    ['the backbone knows nothing, yet learns better', { [fresh]: -0.02, 'backbone/none': 0.001 }, 'pretrained'],
  ] as const)('where %s', (_what, figures, start) => {
    expect(chooseStart(opened(figures), 0.6).value).toBe(start);
  });
});

describe('the rollout', () => {
  const gain = (to: string, from: string): string =>
    `gain.${to === 'all' ? 'set.all' : `stage.pretrained.${to}`}/stage.pretrained.${from}`;
  test.each([
    ['nothing shows a gain', {}, ['text']],
    ['price helps', { [gain('text+price', 'text')]: 0.02 }, ['text', 'price']],
    [
      'price helps more than image, and image still does after it',
      { [gain('text+image', 'text')]: 0.02, [gain('text+price', 'text')]: 0.03, [gain('all', 'text+price')]: 0.02 },
      ['text', 'image', 'price'],
    ],
    [
      'price helps less than image, and no longer after it',
      { [gain('text+image', 'text')]: 0.03, [gain('text+price', 'text')]: 0.02, [gain('all', 'text+image')]: -0.01 },
      ['text', 'image'],
    ],
    ['only both together help', { [gain('all', 'text')]: 0.02 }, ['text', 'image', 'price']],
    ['a gain is too uncertain', { [gain('text+price', 'text')]: [0.02, 0.1] }, ['text']],
  ] as const)('where %s', (_what, figures, stage) => {
    expect(chooseModalities(opened(figures), 'pretrained', 0.6).value).toEqual(stage);
  });

  test('follows the probes of the start that was chosen', () => {
    const survey = opened({ 'gain.stage.reinit.text+image/stage.reinit.text': 0.05 });
    expect(chooseModalities(survey, 'reinit', 0.6).value).toEqual(['text', 'image']);
    expect(chooseModalities(survey, 'pretrained', 0.6).value).toEqual(['text']);
  });

  test('more confidence asks for more', () => {
    const survey = opened({ [gain('text+price', 'text')]: 0.01 });
    expect(chooseModalities(survey, 'pretrained', 0.8).value).toEqual(['text', 'price']);
    expect(chooseModalities(survey, 'pretrained', 0.95).value).toEqual(['text']);
  });
});

describe('the groups', () => {
  const survey = defaultSurvey(tinyConfig);
  const all = ['text', 'image', 'price'] as const;
  const question = { config: tinyConfig, survey, start: 'pretrained', stage: all, tolerance: { ndcg: 0.005 } } as const;
  const planted = opened({ 'gain.set.all': 0.05, 'gain.set.item': 0.046, 'gain.group.item.price': 0.031 });

  test('are the smallest set within the tolerance of the best', () => {
    const choose = (tolerance: { ndcg: number } | { standardErrors: number }): number =>
      chooseGroups(planted, { ...question, tolerance }).value.length;
    expect(choose({ ndcg: 0 })).toBe(parameterGroups(tinyConfig).length);
    expect(chooseGroups(planted, question).value.every((name) => name.startsWith('item.'))).toBe(true);
    expect(chooseGroups(planted, { ...question, tolerance: { standardErrors: 2 } }).value).toEqual(['item.price']);
  });

  test('leave out what no modality of the plan uses', () => {
    const { value } = chooseGroups(planted, { ...question, stage: ['text'] });
    expect(value).toContain('item.text');
    expect(value).not.toContain('item.image');
  });

  test('of a fresh item side hold all of it', () => {
    const fresh = opened({ 'gain.start.reinit': 0.05, 'gain.start.reinit-only': 0.047 });
    const { value } = chooseGroups(fresh, { ...question, start: 'reinit' });
    expect(value).toEqual(['item.text', 'item.image', 'item.price', 'item.scale', 'item.norm', 'sequence.position']);
  });

  test('of an adaptive plan are all, unless a smaller set is surely better', () => {
    const choose = (figures: Parameters<typeof opened>[0]): number =>
      leaveOutGroups(opened(figures), { ...question, confidence: 0.95 }).value.length;
    expect(choose({ 'gain.set.all': 0.05 })).toBe(parameterGroups(tinyConfig).length);
    const ahead = { 'gain.set.all': 0.03, 'gain.group.item.text': 0.05 };
    expect(choose({ ...ahead, 'gain.group.item.text/set.all': 0.018 })).toBe(parameterGroups(tinyConfig).length);
    expect(choose({ ...ahead, 'gain.group.item.text/set.all': 0.02 })).toBe(1);
  });
});
