import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { noisySumRules, type RoundPlan, type SiteMessage } from '@noren/protocol';
import { noisyQuantiserFor } from '@noren/secure-aggregation';
import { expect, test } from 'vitest';
import type { AgentConfigInput } from '../home/config.ts';
import { homeLayout } from '../home/layout.ts';
import { readPrivacyLedger } from '../privacy-ledger/privacy-ledger.ts';
import { exampleBackbone, releaseOf } from '../testing/blobs.ts';
import { TestFederation } from '../testing/federation.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { ledgerOf, site, stateOf, untilStopped } from '../testing/observe.ts';
import { examplePrivacy } from '../testing/plans.ts';

const GROUP = 'sequence.position';

interface Setting {
  readonly federation: TestFederation;
  readonly plan: RoundPlan;
  readonly candidate: RoundPlan['release'];
}

async function setting(change: Partial<typeof examplePrivacy> = {}): Promise<Setting> {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const backbone = coordinator.put(exampleBackbone([GROUP]));
  const plan = federation.plan({
    backbone,
    release: coordinator.put(releaseOf(GROUP, backbone, 0)),
    groups: { [GROUP]: { start: 'pretrained', scope: 'federated' } },
    privacy: { ...examplePrivacy, ...change },
  });
  return { federation, plan, candidate: coordinator.put(releaseOf(GROUP, backbone, 0.3)) };
}

const budget: Partial<AgentConfigInput> = { policy: { privacyBudget: { epsilon: 4, delta: 1e-6 } } };

async function spent(home: string): Promise<unknown> {
  const { histories, check } = await readPrivacyLedger(home);
  expect(check.problem).toBeNull();
  return Object.fromEntries(histories);
}

const paid = { customers: [{ noiseMultiplier: 2, samplingRate: 0.1, steps: 1 }] };

test('noise is added to every site’s sum, no weight travels, and nobody says how customers fared', async () => {
  const { federation, plan, candidate } = await setting();
  const { coordinator } = federation;
  const sites = await federation.sites(3, budget);
  const names = [...sites.keys()];
  await coordinator.exchangeKeys(names, plan);
  const sum = await coordinator.open(names, plan);
  const { scale } = noisyQuantiserFor(noisySumRules(plan, { ...examplePrivacy }, 3));
  // Updates .1, .2, .3 in every place; the trainers' noise is 1 quantum each; rounding is below 1 each.
  for (const value of sum.subarray(0, 12)) expect(Math.abs(value - 0.6 * scale - 3)).toBeLessThan(3 + 1e-6 * scale);
  expect([...sum.subarray(12)]).toEqual([3, 0]);

  for (const name of names) {
    coordinator.announce(name, plan, candidate);
  }
  for (const name of names) {
    expect((await coordinator.message(name, 'withdrawal')).reason).toMatch(/keeps its evaluation to itself/);
    const closing = { outcome: 'accepted', reason: '', releaseHash: candidate, transcriptHash: null } as const;
    coordinator.tell(name, { kind: 'roundClosed', roundId: plan.roundId, ...closing });
  }
  // Nothing that a site says shows that it has taken the round's end in, so its log has to.
  while (federation.logLines.filter((line) => line.includes('a model went into service')).length < names.length) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (const { home, stop } of sites.values()) {
    await stop();
    // In service here, and nobody else knows.
    expect((await stateOf(home)).serving).toMatchObject({ strategy: 'federated', release: candidate, private: true });
    expect(await spent(home)).toEqual(paid);
    expect((await ledgerOf(home)).filter(({ kind }) => kind === 'evaluationReport')).toEqual([]);
  }
  // How far work on the data has come would follow from the data; that of making features does not.
  const progress = new Set(
    coordinator.heard.flatMap(({ message }) =>
      message.kind === 'progress' ? [`${message.activity} ${message.fraction}`] : [],
    ),
  );
  expect(progress).toContain('evaluating 0');
  expect([...progress].filter((said) => /^(relearning|evaluating)/.test(said)).toSorted()).toEqual([
    'evaluating 0',
    'relearning 0',
  ]);
  const told = coordinator.heard.flatMap(({ message }) => (message.kind === 'hello' ? [message.releaseHash] : []));
  expect(new Set(told)).toEqual(new Set([null]));
});

test('where the clip norm adapts, the count of those who were not clipped travels in the sum, under its noise', async () => {
  const clipping = { quantile: 0.5, learningRate: 0.2, countNoise: 4, minimum: 0.01, maximum: 10 };
  const { federation, plan } = await setting({ clipping: { kind: 'adaptive', ...clipping } });
  const { coordinator } = federation;
  const sites = await federation.sites(3, budget);
  const names = [...sites.keys()];
  for (const [place, name] of names.entries()) site(sites, name).trainer.unclipped = 7 * place - 4.5;
  await coordinator.exchangeKeys(names, plan);
  const sum = await coordinator.open(names, plan);
  const { countScale } = noisyQuantiserFor(noisySumRules(plan, plan.privacy ?? examplePrivacy, 3));
  // Counts -4.5, 2.5, 9.5; the trainers' noise is 1 quantum each; rounding is below 1 each.
  expect(sum[12]).toBe(3);
  expect(Math.abs((sum[13] ?? 0) - 7.5 * countScale - 3)).toBeLessThan(3);
  // Both together cost what the plan says.
  for (const { home, stop } of sites.values()) {
    await stop();
    expect(await spent(home)).toEqual(paid);
  }
});

test('the privacy is paid for, on disk, before anything is sampled or drawn, and a killed site never draws again', async () => {
  const { federation, plan, candidate } = await setting();
  const { coordinator } = federation;
  const sites = await federation.sites(4, budget);
  const names = [...sites.keys()];
  const { home, trainer, stop } = site(sites, 'a');
  let atRelearning: unknown = null;
  let killed = '';
  trainer.hold = async (task, watch) => {
    if (task !== 'relearn') return;
    atRelearning = await spent(home);
    killed = join(temporaryFolder(), 'home');
    cpSync(home, killed, { recursive: true });
    rmSync(homeLayout(killed).lock, { recursive: true, force: true });
    await untilStopped('relearn')(task, watch);
  };
  await coordinator.exchangeKeys(names, plan);
  await coordinator.uploaded(names.slice(1));
  await coordinator.until(() => coordinator.heard.some(({ message }) => message.kind === 'progress' && killed !== ''));
  expect(atRelearning).toEqual(paid);
  expect(trainer.done).not.toContain('drawNoise');
  await stop();

  const before = coordinator.heard.length;
  const again = await federation.start(killed, 'a');
  coordinator.offer(['a'], plan);
  // Answered last, so that everything before it has been dealt with.
  coordinator.announce('a', plan, candidate);
  const said = (): SiteMessage[] => coordinator.heard.slice(before).map(({ message }) => message);
  await coordinator.until(() => said().some(({ kind }) => kind === 'withdrawal'));
  await again.stop();
  // It has left the round: re-learning begun again would sample and draw anew.
  expect(said().map(({ kind }) => kind)).not.toContain('sealedShares');
  expect(again.trainer.done).not.toContain('relearn');
  expect(again.trainer.done).not.toContain('drawNoise');
  expect(await spent(killed)).toEqual(paid);
});

test('a sum of fewer survivors than noise is counted on from is not opened', async () => {
  const { federation, plan } = await setting({ minimumHonest: 3, colluding: 1 });
  const { coordinator } = federation;
  const sites = await federation.sites(4);
  const names = [...sites.keys()];
  site(sites, 'd').trainer.hold = untilStopped('relearn');
  await coordinator.exchangeKeys(names, { ...plan, cohort: { minimumSites: 4, quorum: 1 } });
  await coordinator.uploaded(names.slice(0, 3));
  const survived = coordinator.round?.closeUploads();
  if (survived === undefined) throw new Error('no round');
  for (const name of names.slice(0, 3)) coordinator.tell(name, { kind: 'consistencyRequest', ...survived });
  for (const name of names.slice(0, 3)) {
    expect((await coordinator.message(name, 'withdrawal')).reason).toMatch(
      /3 site\(s\) survived; this site takes part from 4/,
    );
  }
  expect(coordinator.heard.filter(({ message }) => message.kind === 'survivorSignature')).toEqual([]);
});

test('a site with a budget refuses exact rounds, and private ones that cost too much', async () => {
  const { federation, plan } = await setting({ noiseMultiplier: 0.5, samplingRate: 1 });
  const { coordinator } = federation;
  const home = await federation.join('a', budget);
  await federation.start(home, 'a');
  coordinator.offer(['a'], plan);
  expect((await coordinator.message('a', 'offerReply', plan.roundId)).reason).toMatch(/this site's budget is 4/);
  const exact = {
    ...federation.plan({ ...plan, round: 2, roundId: 'round-2' as RoundPlan['roundId'] }),
    privacy: null,
  };
  coordinator.offer(['a'], exact);
  await coordinator.until(() => coordinator.heard.filter(({ message }) => message.kind === 'offerReply').length === 2);
  expect(await spent(home)).toEqual({});
});
