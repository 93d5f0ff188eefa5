import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Hash, RoundPlan } from '@noren/protocol';
import type { SumTranscript } from '@noren/secure-aggregation';
import { describe, expect, test } from 'vitest';
import { homeLayout } from '../home/layout.ts';
import { TestFederation, type RunningSite } from '../testing/federation.ts';
import { ledgerOf, logged, site, stateOf, untilStopped } from '../testing/observe.ts';
import { auditAgain } from './audit-report.ts';

interface Opened {
  readonly federation: TestFederation;
  readonly sites: Map<string, RunningSite>;
  readonly plan: RoundPlan;
  readonly candidate: Hash;
}

/** A round up to the candidate; the sites of `dropped` never upload. */
async function opened(
  count: number,
  dropped: readonly string[] = [],
  change: Partial<RoundPlan> = {},
): Promise<Opened> {
  const federation = await TestFederation.start();
  const sites = await federation.sites(count);
  const plan = federation.plan(change);
  for (const name of dropped) site(sites, name).trainer.hold = untilStopped('relearn');
  await federation.coordinator.exchangeKeys([...sites.keys()], plan);
  await federation.coordinator.unmask(
    [...sites.keys()].filter((name) => !dropped.includes(name)),
    plan,
  );
  return { federation, sites, plan, candidate: federation.candidate(0.2) };
}

async function auditsOf(home: string): Promise<(string | undefined)[]> {
  return (await ledgerOf(home)).filter(({ kind }) => kind === 'audit').map(({ findings }) => findings);
}

test.each([
  ['a group of three, where nobody signs the survivors', 3, 0],
  ['a larger group', 4, 4],
])('of an honest round every site finds its own messages in the sum, in %s', async (_, count, verifiedWitnesses) => {
  const { federation, sites, plan, candidate } = await opened(count);
  const { coordinator } = federation;
  for (const name of sites.keys()) coordinator.announce(name, plan, candidate);
  for (const [name, { home }] of sites) {
    await coordinator.message(name, 'evaluationReport', plan.roundId);
    expect(await auditsOf(home)).toEqual(['in-sum']);
    const { ledger, rounds } = await auditAgain(home);
    expect(ledger).toBeNull();
    expect(rounds).toMatchObject([
      {
        roundId: plan.roundId,
        number: 1,
        findings: 'in-sum',
        again: { sound: true, counts: { sites: count, survivors: count, verifiedVectors: count, verifiedWitnesses } },
        obstacles: [],
      },
    ]);
  }
});

test('a site that was dropped finds that it is not claimed, and judges the candidate', async () => {
  const { federation, sites, plan, candidate } = await opened(4, ['d']);
  federation.coordinator.announce('d', plan, candidate);
  await federation.coordinator.message('d', 'evaluationReport', plan.roundId);
  expect(await auditsOf(site(sites, 'd').home)).toEqual(['left-out']);
});

test('a site whose group came to no sum is told so, and judges the candidate of the others', async () => {
  const { federation, sites, plan, candidate } = await opened(4);
  const none = { opened: false, shares: [], vectors: [], witnesses: [], reveals: [] };
  federation.coordinator.announce(
    'a',
    plan,
    candidate,
    federation.coordinator.transcript((honest) => ({ ...honest, ...none })),
  );
  await federation.coordinator.message('a', 'evaluationReport', plan.roundId);
  expect(await auditsOf(site(sites, 'a').home)).toEqual(['not-opened']);
});

describe('a site leaves a round before it looks at the candidate, and says why, when', () => {
  const zeros = new Uint8Array(32);
  const cases: [string, readonly string[], string, string, (honest: SumTranscript) => SumTranscript][] = [
    [
      'the sum holds another vector than it signed',
      [],
      'a',
      'other-vector',
      (t) => ({ ...t, vectors: t.vectors.map((one) => (one.site === 0 ? { ...one, statement: zeros } : one)) }),
    ],
    [
      'it is claimed as survivor though it was dropped',
      ['d'],
      'd',
      'claimed-survivor',
      (t) => ({ ...t, vectors: [...t.vectors, { ...t.vectors[0]!, site: 3 }] }),
    ],
    [
      'a survivor is invented beside it',
      ['d'],
      'a',
      'other-survivors',
      (t) => ({ ...t, vectors: [...t.vectors, { ...t.vectors[0]!, site: 3 }] }),
    ],
    [
      'a witness is forged',
      [],
      'a',
      'forged-witness',
      (t) => ({
        ...t,
        witnesses: t.witnesses.map((one) => (one.site === 2 ? { ...one, signature: new Uint8Array(64) } : one)),
      }),
    ],
    ['the sum is of another roster', [], 'a', 'other-roster', (t) => ({ ...t, rosterHash: zeros })],
    ['the sum is of another round', [], 'a', 'other-round', (t) => ({ ...t, roundId: 'round-7' })],
  ];
  test.each(cases)('%s', async (_, dropped, name, finding, forge) => {
    const { federation, sites, plan, candidate } = await opened(4, dropped);
    const { coordinator } = federation;
    coordinator.announce(name, plan, candidate, coordinator.transcript(forge));
    const { reason } = await coordinator.message(name, 'withdrawal', plan.roundId);
    expect(reason).toContain('does not agree with what this site signed');
    expect(reason).toContain(finding);
    const { home, trainer } = site(sites, name);
    expect(trainer.done).not.toContain('evaluate');
    expect((await auditsOf(home))[0]?.split(',')).toContain(finding);
    // That the federation accepts it changes nothing here.
    const closing = { outcome: 'accepted', reason: '', releaseHash: candidate } as const;
    coordinator.tell(name, { kind: 'roundClosed', roundId: plan.roundId, ...closing, transcriptHash: null });
    await logged(federation, 'the round ended');
    expect((await stateOf(home)).serving).toBeNull();
    expect((await auditAgain(home)).rounds).toMatchObject([{ again: { sound: false }, obstacles: [] }]);
  });

  test('no transcript is named, or one that is none', async () => {
    const { federation, sites, plan, candidate } = await opened(4);
    const { coordinator } = federation;
    coordinator.announce('a', plan, candidate, null);
    expect((await coordinator.message('a', 'withdrawal', plan.roundId)).reason).toContain('no-transcript');
    coordinator.announce('b', plan, candidate, coordinator.put(Buffer.from('not a transcript')));
    expect((await coordinator.message('b', 'withdrawal', plan.roundId)).reason).toContain('unreadable');
    const endless = coordinator.put(new Uint8Array(5 * 1024 * 1024));
    coordinator.announce('c', plan, candidate, endless);
    expect((await coordinator.message('c', 'withdrawal', plan.roundId)).reason).toContain('unreadable');
    expect(await auditsOf(site(sites, 'c').home)).toEqual(['unreadable']);
  });
});

test('the sum of a round without a candidate is audited when the round ends', async () => {
  const { federation, sites, plan } = await opened(4);
  const { coordinator } = federation;
  const transcriptHash = coordinator.transcript((t) => ({ ...t, witnesses: t.witnesses.slice(2) }));
  const closing = { outcome: 'failed', reason: 'enough', releaseHash: federation.release, transcriptHash } as const;
  coordinator.tell('a', { kind: 'roundClosed', roundId: plan.roundId, ...closing });
  coordinator.tell('b', {
    kind: 'roundClosed',
    roundId: plan.roundId,
    ...closing,
    transcriptHash: coordinator.transcript(),
  });
  await logged(federation, 'the sum rests on what this site signed');
  await logged(federation, 'the sum does not rest on what this site signed');
  expect(await auditsOf(site(sites, 'a').home)).toEqual(['unconfirmed']);
  expect(await auditsOf(site(sites, 'b').home)).toEqual(['in-sum']);
});

test('an audit cannot be made again from files that were changed since, and says which', async () => {
  const { federation, sites, plan, candidate } = await opened(3);
  federation.coordinator.announce('a', plan, candidate);
  await federation.coordinator.message('a', 'evaluationReport', plan.roundId);
  const { home, stop } = site(sites, 'a');
  await stop();
  const { transcript, signed } = homeLayout(home).round(plan.roundId);
  const [honestTranscript, honestSigned] = [readFileSync(transcript), readFileSync(signed)];

  writeFileSync(
    transcript,
    honestTranscript.map((byte, index) => (index === 40 ? byte ^ 1 : byte)),
  );
  expect((await auditAgain(home)).rounds).toMatchObject([{ again: null, obstacles: ['transcript-changed'] }]);
  rmSync(transcript);
  expect((await auditAgain(home)).rounds).toMatchObject([{ again: null, obstacles: ['transcript-missing'] }]);
  writeFileSync(transcript, honestTranscript);
  appendFileSync(signed, ' ');
  expect((await auditAgain(home)).rounds).toMatchObject([{ again: null, obstacles: ['signed-changed'] }]);
  writeFileSync(signed, honestSigned);
  expect((await auditAgain(home)).rounds).toMatchObject([{ again: { sound: true }, obstacles: [] }]);
});
