import type { GroupView, RoundView } from '@noren/protocol/console';
import { expect, test } from 'vitest';

import { phrasesIn } from '../language/choose.ts';
import { roundReport } from './round-report.ts';

const english = phrasesIn('en');

function round(groups: readonly GroupView[]): RoundView {
  return {
    id: 'r',
    number: 42,
    kind: 'relearn',
    phase: 'accepted',
    startedAt: '2026-11-24T02:10:00.000Z',
    endedAt: '2026-11-24T02:15:01.500Z',
    resumedAt: [],
    deadlineAt: null,
    waitingFor: null,
    cohort: ['akita', 'beppu', 'chiba'],
    survivors: ['akita', 'beppu'],
    dropped: [
      { site: 'chiba', at: 'relearning', reason: 'it missed the deadline' },
      { site: 'naha', at: 'keys', reason: 'its connection was lost' },
    ],
    refused: [{ site: 'otaru', reason: 'its policy allows rounds only at night' }],
    outcome: 'accepted',
    reason: 'not worse than the release in force',
    phases: [],
    bytesUp: 2048,
    sumHash: null,
    groups: [...groups],
    releaseHash: null,
    difference: null,
    gates: [],
  };
}

function group(change: Partial<GroupView>): GroupView {
  return { survivors: ['akita', 'beppu'], norm: 0.1234, cosine: 0.98, fault: null, outlying: false, ...change };
}

test('a round of one group tells how it ended, who is in the sum and who is not', () => {
  expect(roundReport(round([]), english, { all: false }).split('\n')).toEqual([
    'Round 42: accepted',
    '  started     2026-11-24 02:10 UTC, took 301.5 s',
    '  in the sum  2 of 3 sites',
    '  uploaded    2.0 KiB',
    '  reason      not worse than the release in force',
    '  dropped     chiba (re-learning): it missed the deadline',
    '              naha (keys): its connection was lost',
    '  refused     otaru: its policy allows rounds only at night',
  ]);
});

const against = 'it points against the other groups (cosine -0.970 with their median)';

test('of a robust round every group is listed, with why it is out and which sites stand out', () => {
  const groups = [
    group({}),
    group({ survivors: ['chiba', 'naha'], cosine: -0.97, fault: against, outlying: true }),
    group({ survivors: ['otaru'], cosine: 0.4, outlying: true }),
    group({ survivors: [], norm: null, cosine: null, fault: 'too few masked updates arrived', outlying: false }),
  ];
  const [, shown] = roundReport(round(groups), english, { all: false }).split('\n\n4 groups');
  expect(shown?.split('\n')).toEqual([
    ', 2 of them in the result. 2 stand out.',
    '',
    'group  sites   norm  cosine  in the result',
    '─────  ─────  ─────  ──────  ────────────────────────────────────────────────────────────────────────────────────',
    '    1      2  0.123   0.980  yes',
    `    2      2  0.123  -0.970  no: ${against}; stands out`,
    '    3      1  0.123   0.400  yes; stands out',
    '    4      0                 no: too few masked updates arrived',
    '',
    'Group 2: chiba, naha',
    'Group 3: otaru',
  ]);
});

test('of a hundred groups only those that are out are listed, unless all are asked for', () => {
  const plain = (fault: string | null): GroupView => group({ fault, outlying: null });
  const groups = Array.from({ length: 100 }, (_, index) => plain(index === 41 ? 'its sum was not opened' : null));
  const short = roundReport(round(groups), english, { all: false });
  expect(short).toContain('100 groups, 99 of them in the result.\n');
  expect(short).not.toContain('stand');
  expect(short).toMatch(/^ {3}42 .*no: its sum was not opened$/m);
  expect(short).toContain('The other 99 groups are in the result; --all-groups lists all.');
  expect(short.split('\n').length).toBeLessThan(20);
  const long = roundReport(round(groups), english, { all: true });
  expect(long.match(/ yes$/gm)).toHaveLength(99);
  expect(roundReport(round(groups), phrasesIn('ja'), { all: false })).toContain(
    '100 グループ中 99 グループが結果に含まれます。',
  );
});
