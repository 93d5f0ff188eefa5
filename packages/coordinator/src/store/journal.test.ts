import { parseHash, parseRoundId, parseSiteId } from '@noren/protocol';
import type { EvaluationReport } from '@noren/protocol';
import { expect, test } from 'vitest';

import type { EventBody } from '../federation/federation-event.ts';
import { RECENT_ROUNDS, runningRound, SITE_HISTORY } from '../federation/federation-state.ts';
import { testPlan } from '../testing/lineage.ts';
import type { EventStore } from './event-store.ts';
import { Journal } from './journal.ts';
import { openSqliteEventStore } from './sqlite-event-store.ts';

const hash = parseHash('ef'.repeat(32));
const sites = ['akita', 'beppu', 'chiba', 'date'].map(parseSiteId);

const founding: EventBody[] = [
  { kind: 'federation-created', id: '00ff', name: 'Test' },
  { kind: 'backbone-registered', hash, parameters: 23, groups: ['item.text'] },
  { kind: 'plan-adopted', template: testPlan(), vectorLength: 17 },
  { kind: 'release-made', number: 0, hash, round: null, sum: null, survivors: [], moments: null },
  ...sites.flatMap((site): EventBody[] => [
    { kind: 'site-invited', site, name: `Shop ${site}`, tokenHash: `token of ${site}`, expiresAt: 99 },
    { kind: 'site-enrolled', site, tokenHash: `token of ${site}`, identityKey: `key of ${site}`, fingerprint: 'f1' },
  ]),
];

function report(roundId: EvaluationReport['roundId']): EvaluationReport {
  return {
    roundId,
    candidateHash: hash,
    customers: 7,
    chosen: 'federated',
    adopted: true,
    explanation: 'better',
    scores: [],
    differenceMean: 0.01,
    differenceStandardError: 0.001,
  };
}

/** A round in which akita contributes, beppu refuses, chiba is dropped and date was not asked. */
function roundEvents(number: number): EventBody[] {
  const roundId = parseRoundId(`${number}-00000000`);
  const [akita, beppu, chiba] = sites as [(typeof sites)[0], (typeof sites)[0], (typeof sites)[0]];
  return [
    { kind: 'round-planned', roundId, number, plan: hash, planHash: hash },
    { kind: 'round-advanced', roundId, phase: 'recruiting', sites: [akita, beppu, chiba], deadlineAt: 5 },
    { kind: 'round-refused', roundId, site: beppu, reason: 'night only' },
    { kind: 'round-advanced', roundId, phase: 'keys', sites: [akita, chiba], deadlineAt: 6 },
    { kind: 'round-advanced', roundId, phase: 'relearning', sites: [akita, chiba], deadlineAt: 7 },
    { kind: 'round-dropped', roundId, site: chiba, phase: 'relearning', reason: 'the connection was lost' },
    { kind: 'round-advanced', roundId, phase: 'unmasking', sites: [akita], deadlineAt: 8 },
    { kind: 'round-aggregated', roundId, sum: hash, weight: 1, clipped: 0, norm: 0.1, bytesUp: 76 },
    { kind: 'round-candidate', roundId, candidate: hash, moments: null },
    { kind: 'round-reported', roundId, site: akita, report: report(roundId) },
    { kind: 'release-made', number, hash, round: number, sum: hash, survivors: [akita], moments: null },
    {
      kind: 'round-closed',
      roundId,
      outcome: 'accepted',
      reason: 'better',
      difference: { mean: 0.01, low: 0.008, high: 0.012, customers: 7 },
    },
  ];
}

async function memory(): Promise<EventStore> {
  return openSqliteEventStore(':memory:');
}

test('a replayed log gives the state that was', async () => {
  const store = await memory();
  const journal = await Journal.open(store, () => 1000);
  await journal.append(...founding);
  for (let number = 1; number <= 100; number++) await journal.append(...roundEvents(number));
  await journal.append({ kind: 'schedule-paused' }, ...roundEvents(101).slice(0, 5));
  const replayed = await Journal.open(store, () => 2000);
  expect(replayed.state).toEqual(journal.state);
  expect(replayed.state.sequence).toBeGreaterThan(1000);
});

test('the state remembers what the console shows, and no more', async () => {
  const journal = await Journal.open(await memory(), () => 1000);
  await journal.append(...founding);
  for (let number = 1; number <= 60; number++) await journal.append(...roundEvents(number));
  const { state } = journal;
  expect(state.rounds.map(({ number }) => number)).toEqual(Array.from({ length: RECENT_ROUNDS }, (_, i) => 60 - i));
  expect(sites.map((site) => state.sites.get(site)?.history.at(-1))).toEqual([
    'accepted',
    'refused',
    'dropped',
    'absent',
  ]);
  expect(state.sites.get(sites[0] ?? ('' as never))?.history).toHaveLength(SITE_HISTORY);
  expect(state.release).toMatchObject({ number: 60, round: 60, survivors: ['akita'] });
  expect(state.totals).toEqual({ rounds: { accepted: 60, rejected: 0, failed: 0 }, roundSeconds: 0, bytesUp: 4560 });
  expect(runningRound(state)).toBeNull();
});

test('changes see each other: of two that need the same thing the second finds it gone', async () => {
  const journal = await Journal.open(await memory(), () => 1);
  const pause = (): Promise<boolean> =>
    journal.change(async ({ paused }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return { events: paused ? [] : [{ kind: 'schedule-paused' }], result: !paused };
    });
  expect(await Promise.all([pause(), pause(), pause()])).toEqual([true, false, false]);
  expect(journal.state.sequence).toBe(1);
});

test('a change that throws changes nothing and does not stop the next', async () => {
  const journal = await Journal.open(await memory(), () => 1);
  const refusal = journal.change(() => {
    throw new Error('not now');
  });
  await expect(refusal).rejects.toThrow('not now');
  await journal.append({ kind: 'schedule-paused' });
  expect(journal.state.paused).toBe(true);
});

test('listeners hear of events that are on disk already', async () => {
  const store = await memory();
  const journal = await Journal.open(store, () => 1);
  const heard: Promise<number>[] = [];
  journal.subscribe(({ sequence }) => heard.push(store.read(0, 10).then((events) => events.length - sequence)));
  await journal.append({ kind: 'schedule-paused' }, { kind: 'schedule-resumed' });
  expect(await Promise.all(heard)).toEqual([1, 0]);
});

test('after a failed write nothing more is written, and it says so', async () => {
  const store = await memory();
  const full: EventStore = {
    append: () => Promise.reject(new Error('the disk is full')),
    read: (after, limit) => store.read(after, limit),
    readRound: (number) => store.readRound(number),
    close: () => store.close(),
  };
  const journal = await Journal.open(full, () => 1);
  await expect(journal.append({ kind: 'schedule-paused' })).rejects.toThrow(/disk is full/);
  await expect(journal.append({ kind: 'schedule-paused' })).rejects.toMatchObject({ code: 'store-failed' });
  expect(journal.state.paused).toBe(false);
  expect((await journal.failure).message).toContain('disk is full');
});
