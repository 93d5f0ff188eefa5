import type { GroupView, RoundView } from '@noren/protocol/console';
import { expect, test } from 'vitest';

import { federationView } from '../testing/federation.ts';
import { roundGroups } from './group-standing.ts';
import { participants } from './participants.ts';

const [round] = federationView({ sites: 12, rounds: 1, running: false }).rounds as [RoundView];

function group(change: Partial<GroupView>): GroupView {
  return { survivors: ['ginza'], norm: 0.1, cosine: 0.9, fault: null, outlying: false, ...change };
}

test('a round whose cohort is one group has no groups to show', () => {
  expect(roundGroups(round)).toBeNull();
});

test('of groups that are compared, those out of the result and those that stand out are told apart from the rest', () => {
  const groups = [
    group({}),
    group({ outlying: true }),
    group({ outlying: true, fault: 'it points against the others' }),
  ];
  const found = roundGroups({ ...round, groups });
  expect(found).toMatchObject({ inResult: 2, outlying: 2 });
  expect(found?.groups.map(({ standing }) => standing)).toEqual(['counted', 'outlying', 'out']);
  expect(found?.conspicuous.map(({ number }) => number)).toEqual([2, 3]);
});

test('where groups are not compared, none is said to stand out', () => {
  const groups = [group({ outlying: null }), group({ outlying: null, fault: 'its sum was not opened' })];
  expect(roundGroups({ ...round, groups })).toMatchObject({ inResult: 1, outlying: null });
});

test('a site whose group is out of the result has delivered all the same', () => {
  const groups = [group({ survivors: ['ginza'] }), group({ survivors: ['kobe-sannomiya'], fault: 'it is too long' })];
  const cohort = ['ginza', 'kobe-sannomiya', 'naha'];
  const divided = { ...round, cohort, survivors: ['ginza'], dropped: [], gates: [], groups };
  expect(participants(divided).map(({ site, standing }) => [site, standing])).toEqual([
    ['ginza', 'delivered'],
    ['kobe-sannomiya', 'delivered'],
    ['naha', 'unfinished'],
  ]);
});
