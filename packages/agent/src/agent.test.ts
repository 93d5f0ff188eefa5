import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SiteMessage } from '@noren/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Agent } from './agent.ts';
import { readIdentity } from './home/identity.ts';
import { TestFederation } from './testing/federation.ts';
import { FixedTrainer } from './testing/fixed-trainer.ts';
import { ledgerOf, logged, site, stateOf, untilStopped } from './testing/observe.ts';

function releaseIn(message: SiteMessage): string | null {
  return message.kind === 'hello' ? message.releaseHash : null;
}

describe('a round', () => {
  test('ends with the weighted mean of the updates, an adopted model and a complete ledger', async () => {
    const federation = await TestFederation.start();
    const { coordinator } = federation;
    const sites = await federation.sites(3);
    const names = [...sites.keys()];
    site(sites, 'c').trainer.examples = 100;
    const plan = federation.plan();

    await coordinator.exchangeKeys(names, plan);
    const sum = await coordinator.unmask(names, plan);
    // Weights 50, 50, 100 of at most 100; updates .1, .2, .3.
    for (const value of sum.meanUpdate) expect(value).toBeCloseTo((0.5 * 0.1 + 0.5 * 0.2 + 1 * 0.3) / 2, 5);
    expect(sum).toMatchObject({ clipped: 0, weight: expect.closeTo(2, 5) });

    const candidateHash = federation.candidate(0.2);
    for (const name of names) {
      coordinator.announce(name, plan, candidateHash);
    }
    for (const name of names) {
      expect(await coordinator.message(name, 'evaluationReport')).toMatchObject({
        candidateHash,
        customers: 40,
        chosen: 'federated',
        adopted: true,
        differenceMean: 0.01,
      });
    }
    for (const name of names) {
      const closing = { outcome: 'accepted', reason: '', releaseHash: candidateHash, transcriptHash: null } as const;
      coordinator.tell(name, { kind: 'roundClosed', roundId: plan.roundId, ...closing });
    }
    for (const { home, stop } of sites.values()) {
      await coordinator.until(() =>
        names.every((name) =>
          coordinator.heard.some((one) => one.site === name && releaseIn(one.message) === candidateHash),
        ),
      );
      await stop();
      const state = await stateOf(home);
      expect(state.serving).toMatchObject({ strategy: 'federated', release: candidateHash, roundId: plan.roundId });
      expect(state.lastPlan).toMatchObject({ round: 1, stage: 'finished' });
      expect(state.gateTests).toMatchObject([{ round: 1, model: 'c'.repeat(64) }]);
      expect(readFileSync(join(home, 'models/serving.safetensors'), 'utf8')).toMatch(/^federated /);
      expect(existsSync(join(home, 'rounds/round-1/candidate.safetensors'))).toBe(false);
      const kinds = (await ledgerOf(home)).map((entry) => entry.kind);
      // Backbone, release, candidate and what its sum rests on.
      expect(kinds.filter((kind) => kind === 'download')).toHaveLength(4);
      expect(kinds.filter((kind) => !['progress', 'heartbeat', 'download'].includes(kind))).toEqual([
        'enrolment',
        'hello',
        'offerReply',
        'keyAdvertisement',
        'sealedShares',
        'upload',
        'revealedShares',
        'audit',
        'evaluationReport',
        'hello',
      ]);
    }
  });

  test('signs the survivors and reveals once each, and has it on disk before it says so', async () => {
    const federation = await TestFederation.start();
    const { coordinator } = federation;
    const sites = await federation.sites(4);
    const names = [...sites.keys()];
    const plan = federation.plan();
    await coordinator.exchangeKeys(names, plan);
    await coordinator.uploaded(names);
    const { home } = site(sites, 'a');
    const round = coordinator.round;
    if (round === null) throw new Error('no round is running');
    const survived = round.closeUploads();
    await coordinator.confirm(survived);
    expect((await stateOf(home)).lastPlan).toMatchObject({ roundId: plan.roundId, stage: 'confirmed' });

    const request = { kind: 'revealRequest', ...round.closeConsistency() } as const;
    coordinator.tell('a', request);
    await coordinator.message('a', 'revealedShares', plan.roundId);
    expect((await stateOf(home)).lastPlan).toMatchObject({ roundId: plan.roundId, stage: 'revealed' });
    coordinator.tell('a', request);
    coordinator.tell('a', { kind: 'consistencyRequest', ...survived, survivors: [0, 1, 2] });
    await logged(federation, 'consistencyRequest does not fit');
    const said = coordinator.heard.filter((one) => one.site === 'a').map(({ message }) => message.kind);
    expect(said.filter((kind) => kind === 'survivorSignature' || kind === 'revealedShares')).toHaveLength(2);
  });

  test('does not reveal for other survivors than those it has signed, whoever else has signed them', async () => {
    const federation = await TestFederation.start();
    const { coordinator } = federation;
    const names = [...(await federation.sites(4)).keys()];
    const plan = federation.plan();
    await coordinator.exchangeKeys(names, plan);
    await coordinator.uploaded(names);
    const round = coordinator.round;
    if (round === null) throw new Error('no round is running');
    await coordinator.confirm(round.closeUploads());
    // The signatures are good, for all four; the coordinator asks as if the fourth had dropped out.
    const { roundId, witnesses } = round.closeConsistency();
    const split = { roundId, survivors: [0, 1, 2], witnesses: witnesses.slice(0, 3) };
    coordinator.tell('a', { kind: 'revealRequest', ...split });
    expect((await coordinator.message('a', 'withdrawal', plan.roundId)).reason).toContain(
      'not the survivors that this site has signed',
    );
    expect(coordinator.heard.map(({ message }) => message.kind)).not.toContain('revealedShares');
  });

  test('goes on without a site that drops out after sharing its keys', async () => {
    const federation = await TestFederation.start();
    const { coordinator } = federation;
    const sites = await federation.sites(4);
    const plan = federation.plan();
    site(sites, 'd').trainer.hold = untilStopped('relearn');
    await coordinator.exchangeKeys([...sites.keys()], plan);
    const sum = await coordinator.unmask(['a', 'b', 'c'], plan);
    for (const value of sum.meanUpdate) expect(value).toBeCloseTo(0.2, 5);
  });

  test('a candidate that the federation rejects never serves; the site’s own choice does', async () => {
    const federation = await TestFederation.start();
    const { coordinator } = federation;
    const sites = await federation.sites(3);
    const plan = federation.plan();
    await coordinator.exchangeKeys([...sites.keys()], plan);
    await coordinator.unmask([...sites.keys()], plan);
    const candidateHash = federation.candidate(0.2);
    coordinator.announce('a', plan, candidateHash);
    await coordinator.message('a', 'evaluationReport');
    const closing = {
      outcome: 'rejected',
      reason: 'may be worse',
      releaseHash: federation.release,
      transcriptHash: null,
    } as const;
    coordinator.tell('a', { kind: 'roundClosed', roundId: plan.roundId, ...closing });
    await logged(federation, 'a model went into service');
    const { home, stop } = site(sites, 'a');
    await stop();
    expect((await stateOf(home)).serving).toMatchObject({ strategy: 'local', release: null });
    expect(readFileSync(join(home, 'models/serving.safetensors'), 'utf8')).toBe('local');
  });
});

describe('what a site shares of its evaluation', () => {
  test.each(['verdict', 'none'] as const)('%s', async (evaluation) => {
    const federation = await TestFederation.start();
    const { coordinator } = federation;
    const sites = await federation.sites(3, { policy: { evaluation } });
    const plan = federation.plan();
    await coordinator.exchangeKeys([...sites.keys()], plan);
    await coordinator.unmask([...sites.keys()], plan);
    const candidateHash = federation.candidate(0.2);
    coordinator.announce('a', plan, candidateHash);
    if (evaluation === 'verdict') {
      expect(await coordinator.message('a', 'evaluationReport')).toMatchObject({
        chosen: 'federated',
        customers: 0,
        scores: [],
        differenceMean: 0,
      });
    } else {
      expect(await coordinator.message('a', 'withdrawal')).toMatchObject({ reason: /keeps its evaluation/ });
      expect(coordinator.heard.some(({ message }) => message.kind === 'evaluationReport')).toBe(false);
    }
    const { home } = site(sites, 'a');
    expect(JSON.parse(readFileSync(join(home, 'evaluations/round-1.json'), 'utf8'))).toMatchObject({
      chosen: 'federated',
      scores: [{ strategy: 'federated' }],
      customers: 40,
    });
  });
});

test('recommendations come from the site’s own endpoint once it is configured', async () => {
  const federation = await TestFederation.start();
  const home = await federation.join('a', { serving: { port: 0 } });
  const { agent } = await federation.start(home, 'a');
  const answer = await fetch(`${agent.servingAddress}/recommendations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ history: ['rice'], count: 5 }),
  });
  expect(await answer.json()).toEqual({ source: 'popularity', items: [{ item: 'tea', score: 1 }] });
});

test('heartbeats are counted together in the ledger', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const { home, stop } = await federation.start(await federation.join('a'), 'a');
  await coordinator.until(() => coordinator.heard.filter(({ message }) => message.kind === 'heartbeat').length === 2);
  await stop();
  const beats = (await ledgerOf(home)).filter((entry) => entry.kind === 'heartbeat');
  expect(beats).toEqual([expect.objectContaining({ count: expect.any(Number), round: null })]);
  expect(beats[0]?.count).toBeGreaterThanOrEqual(2);
});

test('a certificate is renewed in time, over the connection it still opens', async () => {
  const federation = await TestFederation.start();
  const home = await federation.join('a');
  const before = await readIdentity(home);
  const in25Days = new Date(Date.now() + 25 * 86_400_000);
  const trainer = new FixedTrainer(new Float32Array(12));
  const agent = await Agent.open(home, { log: federation.log, trainer, now: () => in25Days });
  const stopping = new AbortController();
  const done = agent.run(stopping.signal);
  onTestFinished(async () => {
    stopping.abort();
    await done;
  });
  await logged(federation, 'the certificate was renewed');
  const after = await readIdentity(home);
  expect(after.tls.certificate).not.toBe(before.tls.certificate);
  expect(after.tls.key).not.toBe(before.tls.key);
  expect({ ...after, tls: null }).toEqual({ ...before, tls: null });
  expect((await ledgerOf(home)).map((entry) => entry.kind)).toContain('renewal');
});
