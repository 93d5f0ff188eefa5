import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeSiteMessage, type RoundPlan, type SiteMessage } from '@noren/protocol';
import type { ConsistencyRequest, CoordinatorRound, RevealRequest } from '@noren/secure-aggregation';
import { expect, test } from 'vitest';
import { homeLayout } from '../home/layout.ts';
import { TestFederation } from '../testing/federation.ts';
import { FixedTrainer } from '../testing/fixed-trainer.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { ledgerOf, site, stateOf, untilStopped } from '../testing/observe.ts';

const NAMES = ['a', 'b', 'c', 'd'];
/** What gives a round's secrets away when two different ones are said. */
const ONCE = ['keyAdvertisement', 'sealedShares', 'survivorSignature', 'revealedShares'] as const;

/** The home as kill -9 leaves it at this instant; the lock of a dead process binds nobody. */
function asKilledNow(home: string): string {
  const copy = join(temporaryFolder(), 'home');
  cpSync(home, copy, { recursive: true });
  rmSync(homeLayout(copy).lock, { recursive: true, force: true });
  return copy;
}

function saidBy(federation: TestFederation, name: string): SiteMessage[] {
  return federation.coordinator.heard.filter(({ site: who }) => who === name).map(({ message }) => message);
}

/** A round of four sites that is led by hand; `reached` is called wherever a site has something more on disk. */
class Round {
  readonly federation: TestFederation;
  readonly plan: RoundPlan;
  readonly round: CoordinatorRound;
  readonly reached: (stage: string) => Promise<void>;
  survived: ConsistencyRequest = { roundId: '', survivors: [] };
  request: RevealRequest = { roundId: '', survivors: [], witnesses: [] };

  constructor(federation: TestFederation, reached: (stage: string) => Promise<void> = async () => undefined) {
    this.federation = federation;
    this.plan = federation.plan();
    this.round = federation.coordinator.begin(this.plan);
    this.reached = reached;
  }

  async exchangeKeys(): Promise<void> {
    const { coordinator } = this.federation;
    const { roundId } = this.plan;
    coordinator.offer(NAMES, this.plan);
    for (const name of NAMES) this.round.advertise(await coordinator.message(name, 'keyAdvertisement', roundId));
    await this.reached('keys');
    const roster = this.round.closeKeys();
    for (const name of NAMES) coordinator.tell(name, { kind: 'keyRoster', ...roster });
    for (const name of NAMES) this.round.shares(name, await coordinator.message(name, 'sealedShares', roundId));
    await this.reached('shared');
  }

  async collect(): Promise<void> {
    const { coordinator } = this.federation;
    const deliveries = this.round.closeShares();
    for (const [name, delivery] of deliveries) coordinator.tell(name, { kind: 'shareDelivery', ...delivery });
    await this.reached('relearning');
    // A coordinator reminds whoever comes back; a site that is at it already passes the repetition over.
    const [delivery] = deliveries.values();
    if (delivery !== undefined) coordinator.tell('a', { kind: 'shareDelivery', ...delivery });
    await coordinator.uploaded(NAMES);
    await this.reached('masked');
    this.survived = this.round.closeUploads();
  }

  async confirm(): Promise<void> {
    await this.federation.coordinator.confirm(this.survived);
    await this.reached('confirmed');
    this.request = this.round.closeConsistency();
  }

  async reveal(): Promise<void> {
    const { coordinator } = this.federation;
    for (const name of NAMES) coordinator.tell(name, { kind: 'revealRequest', ...this.request });
    for (const name of NAMES) {
      this.round.reveal(name, await coordinator.message(name, 'revealedShares', this.plan.roundId));
    }
    await this.reached('revealed');
  }
}

test.each(['keys', 'shared', 'relearning', 'masked', 'confirmed', 'revealed'])(
  'killed after any record of a round (%s), an agent goes on with it and says nothing else than before',
  async (stage) => {
    const federation = await TestFederation.start();
    const { coordinator } = federation;
    const sites = await federation.sites(4, { keepUpdates: true });
    const homes = new Map([...sites].map(([name, { home }]) => [name, home]));
    const first = site(sites, 'a');
    const relearning = new Promise<void>((begun) => {
      const hold = untilStopped('relearn');
      if (stage !== 'relearning') return begun();
      first.trainer.hold = (task, watch) => {
        if (task === 'relearn') begun();
        return hold(task, watch);
      };
    });
    const round = new Round(federation, async (at) => {
      if (at !== stage) return;
      await relearning;
      const home = asKilledNow(first.home);
      homes.set('a', home);
      const trainer = new FixedTrainer(first.trainer.update);
      const uploads = (await ledgerOf(home)).filter(({ kind }) => kind === 'upload').length;
      expect(uploads).toBe(['masked', 'confirmed', 'revealed'].includes(stage) ? 1 : 0);
      await federation.start(home, 'a', trainer);
      // Its update is sent again, in case it had not arrived; then it prepares as it would have.
      if (stage === 'masked') await coordinator.until(() => trainer.done.includes('trainReferences'));
    });
    await round.exchangeKeys();
    await round.collect();
    await round.confirm();
    await round.reveal();

    const sum = await round.round.unmask();
    const plain = new Int32Array(sum.length);
    for (const home of homes.values()) {
      const update = readFileSync(homeLayout(home).round(round.plan.roundId).update);
      for (let place = 0; place < plain.length; place++) plain[place]! += update.readInt32LE(4 * place);
    }
    expect(sum).toEqual(plain);
    const said = saidBy(federation, 'a');
    for (const kind of ONCE) {
      const different = new Set(
        said.filter((m) => m.kind === kind).map((m) => Buffer.from(encodeSiteMessage(m)).toString('hex')),
      );
      expect(different.size, kind).toBe(1);
    }
    expect(said.map(({ kind }) => kind)).not.toContain('withdrawal');

    // What is over leaves no secret behind.
    const { secrets, masked } = homeLayout(homes.get('a') ?? '').round(round.plan.roundId);
    expect([existsSync(secrets), existsSync(masked)]).toEqual([true, true]);
    const candidateHash = federation.candidate(0.3);
    coordinator.announce('a', round.plan, candidateHash);
    await coordinator.message('a', 'evaluationReport', round.plan.roundId);
    expect([existsSync(secrets), existsSync(masked)]).toEqual([false, false]);
    // What it signed before and after is all there to hold the sum against.
    const audits = (await ledgerOf(homes.get('a') ?? '')).filter(({ kind }) => kind === 'audit');
    expect(audits.map(({ findings }) => findings)).toEqual(['in-sum']);
  },
);

test('a site that cannot know what it has said since says nothing more of the round, but judges its candidate', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const sites = await federation.sites(4);
  const { home } = site(sites, 'a');
  const homes = new Map<string, string>();
  const round = new Round(federation, async (stage) => void homes.set(stage, asKilledNow(home)));
  await round.exchangeKeys();
  await round.collect();
  await round.confirm();
  await round.reveal();
  await site(sites, 'a').stop();

  const { roundId } = round.plan;
  const at = (stage: string): string => asKilledNow(homes.get(stage) ?? '');
  const secretsOf = (of: string): string => homeLayout(of).round(roundId).secrets;
  /** The home of one stage with some files of an earlier one. */
  const mixed = (later: string, earlier: string, ...files: ('secrets' | 'state')[]): string => {
    const [target, source] = [at(later), at(earlier)];
    if (files.includes('secrets')) cpSync(secretsOf(source), secretsOf(target));
    if (files.includes('state')) cpSync(homeLayout(source).state, homeLayout(target).state);
    return target;
  };
  const changed = at('confirmed');
  const bytes = readFileSync(secretsOf(changed));
  bytes[40]! ^= 1;
  writeFileSync(secretsOf(changed), bytes);
  const lost = at('masked');
  rmSync(secretsOf(lost));
  const foreign = at('masked');
  writeFileSync(homeLayout(foreign).round(roundId).masked, Buffer.alloc(56));

  const cases: [string, string, { bootId?: string | null }][] = [
    ['secrets from before the signature', mixed('confirmed', 'masked', 'secrets'), {}],
    ['secrets and state from before the signature', mixed('confirmed', 'masked', 'secrets', 'state'), {}],
    ['secrets from before the update', mixed('masked', 'shared', 'secrets'), {}],
    ['secrets and state from before the update', mixed('masked', 'shared', 'secrets', 'state'), {}],
    ['secrets from before the reveal', mixed('revealed', 'confirmed', 'secrets'), {}],
    ['secrets and state from before the reveal', mixed('revealed', 'confirmed', 'secrets', 'state'), {}],
    ['secrets that were changed', changed, {}],
    ['no secrets', lost, {}],
    ['another masked vector', foreign, {}],
    ['another boot of the computer', at('confirmed'), { bootId: 'after a restore' }],
    ['a system that does not tell its boots apart', at('confirmed'), { bootId: null }],
  ];
  const candidateHash = federation.candidate(0.3);
  for (const [what, killed, options] of cases) {
    const before = coordinator.heard.length;
    const uploads = (await ledgerOf(killed)).filter(({ kind }) => kind === 'upload').length;
    const again = await federation.start(killed, 'a', new FixedTrainer(new Float32Array(12)), options);
    coordinator.offer(['a'], round.plan);
    coordinator.tell('a', { kind: 'consistencyRequest', ...round.survived });
    coordinator.tell('a', { kind: 'revealRequest', ...round.request });
    // Answered last, so that everything before it has been dealt with.
    coordinator.announce('a', round.plan, candidateHash);
    const said = (): SiteMessage[] => coordinator.heard.slice(before).map(({ message }) => message);
    await coordinator.until(() => said().some(({ kind }) => kind === 'evaluationReport'));
    await again.stop();
    expect(
      said().filter(({ kind }) => (ONCE as readonly string[]).includes(kind)),
      what,
    ).toEqual([]);
    expect(said(), what).toContainEqual(expect.objectContaining({ kind: 'withdrawal' }));
    expect(existsSync(secretsOf(killed)), what).toBe(false);
    expect((await ledgerOf(killed)).filter(({ kind }) => kind === 'upload')).toHaveLength(uploads);
  }
});

test('killed between two of its files, an agent goes on from the newer secrets', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const sites = await federation.sites(4);
  const { home } = site(sites, 'a');
  const homes = new Map<string, string>();
  const round = new Round(federation, async (stage) => void homes.set(stage, asKilledNow(home)));
  await round.exchangeKeys();
  await round.collect();
  await round.confirm();
  const signature = await coordinator.message('a', 'survivorSignature', round.plan.roundId);

  // The signature was on disk; that it was, and that it left, was not.
  const killed = homes.get('masked') ?? '';
  const { secrets } = homeLayout(killed).round(round.plan.roundId);
  cpSync(homeLayout(homes.get('confirmed') ?? '').round(round.plan.roundId).secrets, secrets);
  expect((await stateOf(killed)).lastPlan?.stage).toBe('masked');
  const before = coordinator.heard.length;
  await federation.start(killed, 'a');
  const said = (): SiteMessage[] => coordinator.heard.slice(before).map(({ message }) => message);
  await coordinator.until(() => said().some(({ kind }) => kind === 'survivorSignature'));
  expect(said().find(({ kind }) => kind === 'survivorSignature')).toEqual(signature);
  await round.reveal();
  expect(said().filter(({ kind }) => kind === 'revealedShares')).not.toEqual([]);
});
