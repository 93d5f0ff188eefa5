import { checkPlanGroups, encodePlan, parsePlan, planHash, signingPublicKey } from '@noren/protocol';
import { ProtocolError, readSignedRoster, signPlan, surveyLength } from '@noren/protocol';
import type { CertificateAuthority, CoordinatorMessage, EnrolRequest, EnrolResponse, Hash } from '@noren/protocol';
import type { FederationHandlers, Invitation, PlanTemplate, RoundPlan, SiteId, SiteRoster } from '@noren/protocol';
import type { FederationView, RoundView } from '@noren/protocol/console';
import type { Logger } from 'pino';

import type { BlobStore } from '../blobs/blob-store.ts';
import type { Clock } from '../clock.ts';
import { CoordinatorError } from '../coordinator-error.ts';
import { Registry } from '../registry/registry.ts';
import type { Addresses } from '../registry/registry.ts';
import { yieldToEventLoop } from '../round/aggregate.ts';
import { cohortOrder } from '../round/cohort-order.ts';
import { Conductor } from '../round/conductor.ts';
import type { ConductorParts } from '../round/conductor.ts';
import { beginningOf } from '../round/replay.ts';
import { transcriptsOf } from '../round/transcripts.ts';
import type { NoiseKeys } from '../noise/noise-keys.ts';
import { ROUND_LOG_VERSION } from '../round-log/log-record.ts';
import type { RoundStorage } from '../round-log/round-folders.ts';
import { Schedule } from '../schedule/schedule.ts';
import type { ScheduleRules } from '../schedule/schedule.ts';
import { SessionHub } from '../sessions/session-hub.ts';
import type { Journal } from '../store/journal.ts';
import { federationView, roundView } from '../view/federation-view.ts';
import { eligibleSites, runningRound } from './federation-state.ts';
import type { FederationState } from './federation-state.ts';
import { Lineage } from './lineage.ts';
import { foldRound } from './round-record.ts';
import type { RoundRecord } from './round-record.ts';
import { nextPlan, obstacle } from './next-round.ts';
import { surveyResult } from './survey-result.ts';
import type { SurveyResult } from './survey-result.ts';

export interface FederationParts {
  readonly journal: Journal;
  readonly blobs: BlobStore;
  readonly rounds: RoundStorage;
  readonly noiseKeys: NoiseKeys;
  readonly authority: CertificateAuthority;
  /** Ed25519, PKCS#8 PEM. */
  readonly planKey: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly schedule: ScheduleRules | null;
  /** Threads that open sums; default: the process's own. */
  readonly cores?: number;
  /** Called when something changed that the log does not know: a site came, went, or told its progress. */
  presenceChanged?(): void;
}

export const STOPPED_IN_ROUND = 'the coordinator stopped during the round';

/** A federation without its network: sessions, rounds, schedule and log. Servers and simulations call its handlers. */
export class Federation {
  readonly #parts: FederationParts;
  readonly #registry: Registry;
  readonly #lineage: Lineage;
  readonly #hub: SessionHub;
  readonly #schedule: Schedule;
  /** The last round's end, for sites that were not connected when it was told. */
  readonly #untold = new Map<SiteId, CoordinatorMessage>();
  #conductor: Conductor | null = null;

  private constructor(parts: FederationParts) {
    const { journal, authority, clock, blobs } = parts;
    this.#parts = parts;
    const planKey = signingPublicKey(parts.planKey);
    this.#registry = new Registry({ journal, blobs, authority, planKey, now: () => clock.now() });
    this.#lineage = new Lineage(journal, blobs);
    this.#hub = new SessionHub({
      clock,
      federation: () => journal.state.name,
      connected: (site) => this.#connected(site),
      disconnected: (site) => this.#happen({ kind: 'disconnected', site }),
      message: (site, message) => this.#follow(this.#conductor?.message(site, message)),
      noted: () => parts.presenceChanged?.(),
    });
    this.#schedule = new Schedule({
      clock,
      rules: parts.schedule,
      paused: () => journal.state.paused,
      obstacle: () => obstacle(journal.state, this.#hub.connected),
      start: () => this.#follow(this.startRound().then(() => undefined)),
    });
  }

  /** Takes the log over: a round that was in flight when the process ended goes on, or ends by name if it cannot. */
  static async open(parts: FederationParts): Promise<Federation> {
    const federation = new Federation(parts);
    const round = runningRound(parts.journal.state);
    if (round === null) return federation;
    try {
      await federation.#resumeRound(round);
    } catch (error) {
      // The event log failed: nothing can be promised any more, and the caller gives up.
      if (parts.journal.broken !== null) throw error;
      const why = error instanceof Error ? error.message : String(error);
      await federation.#endRound(round, `${STOPPED_IN_ROUND}. ${why}`);
    }
    return federation;
  }

  /** Throws CoordinatorError when what a restart needs is not there. */
  async #resumeRound(round: RoundRecord): Promise<void> {
    const { blobs, rounds, planKey, log } = this.#parts;
    const kept = await rounds.reopen(round.id);
    if (kept === null) throw new CoordinatorError('round-log-unusable', 'Its log is not there.');
    const { records, ...files } = kept;
    try {
      const { beginning, inputs } = beginningOf(records);
      const bytes = await blobs.read(round.plan);
      const plan = parsePlan(bytes);
      const brief = {
        plan,
        planHash: planHash(bytes),
        roster: await this.#roster(plan),
        offer: { kind: 'roundOffer', plan: bytes, signature: signPlan(bytes, planKey) } as const,
        identityKeys: unhexed(beginning.identityKeys),
      };
      const { connected } = beginning;
      const conductor = await Conductor.resume(this.#conductorParts(), brief, { files, inputs, connected });
      const { phase } = conductor.state;
      const found = { round: round.number, phase, records: records.length, bytesUp: conductor.bytesUp };
      log.info(found, 'the coordinator stopped during the round; it goes on where it was');
      this.#drive(conductor);
    } catch (error) {
      // With a broken event log the round cannot even end: the files stay for the next start.
      await (this.#parts.journal.broken === null ? rounds.end(round.id, files) : rounds.suspend(files));
      throw error;
    }
    // Whoever was revoked while the coordinator stopped is out now.
    for (const site of this.#conductor?.state.members.keys() ?? []) {
      const revoked = this.#parts.journal.state.sites.get(site)?.revoked ?? null;
      if (revoked !== null) this.#happen({ kind: 'excluded', site, reason: 'revoked' });
    }
  }

  async #endRound(round: RoundRecord, reason: string): Promise<void> {
    const { journal, log } = this.#parts;
    await journal.append({ kind: 'round-closed', roundId: round.id, outcome: 'failed', reason, difference: null });
    const releaseHash = journal.state.release?.hash;
    if (releaseHash !== undefined) {
      const end = { kind: 'roundClosed', roundId: round.id, outcome: 'failed', reason, releaseHash } as const;
      const told = { ...end, transcriptHash: null };
      for (const site of journal.state.sites.keys()) this.#untold.set(site, told);
    }
    log.warn({ round: round.number, reason }, 'a round ended because the coordinator had stopped');
  }

  /** Schedule and the watch over silent sessions begin. */
  run(): void {
    this.#hub.run();
    this.#schedule.run();
  }

  /** Ends every session. A running round stays where it is: the next start goes on with it. */
  async stop(): Promise<void> {
    this.#schedule.stop();
    await this.#conductor?.suspend();
    this.#hub.stop('the coordinator is shutting down');
  }

  invite(site: SiteId, name: string, addresses: Addresses): Promise<Invitation> {
    return this.#registry.invite(site, name, addresses);
  }

  enrol(request: EnrolRequest): Promise<EnrolResponse> {
    return this.#registry.enrol(request);
  }

  async revoke(site: SiteId, reason: string): Promise<void> {
    await this.#registry.revoke(site, reason);
    this.#happen({ kind: 'excluded', site, reason: 'revoked' });
    this.#hub.end(site, 'revoked');
  }

  /** Lets a site that was put in quarantine take part again, from the next round on. */
  async release(site: SiteId, reason: string): Promise<void> {
    await this.#registry.release(site, reason);
    this.#schedule.look();
  }

  /** Puts a roster that the registrar signed in force, from the next round on. */
  async installRoster(bytes: Uint8Array): Promise<{ readonly epoch: number; readonly sites: number }> {
    const installed = await this.#registry.installRoster(bytes);
    this.#schedule.look();
    return installed;
  }

  registerBackbone(bytes: Uint8Array): Promise<Hash> {
    return this.#lineage.registerBackbone(bytes);
  }

  async adoptPlan(template: PlanTemplate, releaseBytes: Uint8Array | null): Promise<void> {
    await this.#lineage.adoptPlan(template, releaseBytes);
    this.#schedule.look();
  }

  /** What sites may do, for a gRPC server or an in-process network. */
  handlers(): FederationHandlers {
    const { log } = this.#parts;
    return {
      authorise: (peer) => this.#registry.authorise(peer),
      session: (handle) => this.#hub.accept(handle),
      download: async (_peer, hash) => {
        const { blobs, journal } = this.#parts;
        const open =
          journal.state.published.has(hash) ||
          this.#conductor?.state.candidate === hash ||
          journal.state.rounds.some(({ evidence }) => transcriptsOf(evidence).includes(hash));
        const totalBytes = open ? await blobs.size(hash) : null;
        if (totalBytes === null) throw new ProtocolError('not-found', `There is no file ${hash} for sites.`);
        return { totalBytes, read: (offset) => blobs.stream(hash, offset) };
      },
      upload: (peer, header) => {
        if (this.#conductor !== null) return this.#conductor.upload(peer.siteId, header);
        return Promise.reject(new ProtocolError('wrong-state', 'No round is running.'));
      },
      renew: (peer, request) => this.#registry.renew(peer, request),
      failed: (error, during) => log.error({ err: error, during }, 'a call of a site failed'),
    };
  }

  /** Starts a round now; its number. Throws `no-plan`, `round-running`, `too-few-sites`. */
  startRound(): Promise<number> {
    return this.#begin((state) => this.#nextPlan(state, state.plan));
  }

  /**
   * Starts a survey round now, beside the plan in force; its number. Throws as `startRound`, PlanError for groups that are not
   * the backbone's, and `config-invalid` for a plan that is no survey.
   */
  startSurvey(template: PlanTemplate): Promise<number> {
    const { survey, groups } = template;
    if (survey === undefined) {
      throw new CoordinatorError('config-invalid', 'The plan asks for no survey: give it a "survey".');
    }
    return this.#begin(async (state) => {
      if (state.backbone !== null) checkPlanGroups(template, state.backbone.groups);
      return this.#nextPlan(state, { template, vectorLength: surveyLength({ groups, survey }) });
    });
  }

  #nextPlan(state: FederationState, plan: FederationState['plan']): Promise<RoundPlan> {
    return nextPlan(state, plan, { connected: this.#hub.connected, noiseKeys: this.#parts.noiseKeys });
  }

  async #begin(planOf: (state: FederationState) => Promise<RoundPlan>): Promise<number> {
    const { journal, blobs, rounds, planKey } = this.#parts;
    const begun = await journal.change(async (state) => {
      const plan = await planOf(state);
      const bytes = encodePlan(plan);
      const hash = planHash(bytes);
      const document = await blobs.write(bytes);
      const { roundId, round: number } = plan;
      const kind = plan.survey === undefined ? {} : { survey: true as const };
      const place = plan.privacy?.mechanism?.place;
      const tree = place === undefined ? {} : { tree: place };
      const planned = {
        kind: 'round-planned',
        roundId,
        number,
        plan: document,
        planHash: hex(hash),
        ...kind,
        ...tree,
      } as const;
      const offer = { kind: 'roundOffer', plan: bytes, signature: signPlan(bytes, planKey) } as const;
      const eligible = eligibleSites(state);
      const roster = await this.#roster(plan);
      const brief = { plan, planHash: hash, roster, offer, identityKeys: unhexed(eligible) };
      const there = this.#hub.connected.filter((site) => eligible.has(site));
      const connected = cohortOrder(roundId, there);
      // Made before its plan is in the event log: from then on a round runs, and a restart must be able to drive it.
      const files = await rounds.begin(roundId);
      files.log.append({ kind: 'begun', version: ROUND_LOG_VERSION, roundId, identityKeys: [...eligible], connected });
      await files.log.sync();
      const conductor = Conductor.begin(this.#conductorParts(), brief, files);
      return { events: [planned], result: { conductor, connected } };
    });
    const { conductor, connected } = begun;
    this.#untold.clear();
    this.#drive(conductor);
    await conductor.happen({ kind: 'start', connected });
    return conductor.state.number;
  }

  async #roster(plan: RoundPlan): Promise<SiteRoster | null> {
    return plan.roster === null ? null : readSignedRoster(await this.#parts.blobs.read(plan.roster)).roster;
  }

  /** No round starts by schedule until `resume`; one that runs goes on. */
  async pause(): Promise<void> {
    await this.#parts.journal.change(({ paused }) => ({
      events: paused ? [] : [{ kind: 'schedule-paused' }],
      result: undefined,
    }));
    this.#schedule.look();
  }

  async resume(): Promise<void> {
    await this.#parts.journal.change(({ paused }) => ({
      events: paused ? [{ kind: 'schedule-resumed' }] : [],
      result: undefined,
    }));
    this.#schedule.restart();
  }

  /** Throws `no-backbone` or `no-plan` until both are there. */
  view(addresses: { readonly address: string; readonly consoleAddress: string }): FederationView {
    const { journal, clock, schedule } = this.#parts;
    return federationView(journal.state, {
      ...addresses,
      now: clock.now(),
      rules: schedule,
      schedule: this.#schedule.status(),
      live: this.#conductor,
      presence: (site) => this.#hub.presence(site),
    });
  }

  /** Null when there was no such round. */
  async round(number: number): Promise<RoundView | null> {
    const record = await this.#record(number);
    return record === null ? null : roundView(record, this.#conductor);
  }

  async #record(number: number): Promise<RoundRecord | null> {
    const recent = this.#parts.journal.state.rounds.find((round) => round.number === number);
    if (recent !== undefined) return recent;
    let record: RoundRecord | null = null;
    for (const { body, at } of await this.#parts.journal.readRound(number)) {
      if ('roundId' in body) record = foldRound(record, body, at);
    }
    return record;
  }

  /** A survey that was summed, the newest without a number; null when there is none. */
  async survey(number?: number): Promise<SurveyResult | null> {
    const { journal, blobs } = this.#parts;
    const record = number === undefined ? journal.state.survey : await this.#record(number);
    return surveyResult(record, blobs);
  }

  get connected(): readonly SiteId[] {
    return this.#hub.connected;
  }

  /** The backbone, plan and release in force, null until there is one. */
  get lineage(): Pick<FederationState, 'backbone' | 'plan' | 'release'> {
    const { backbone, plan, release } = this.#parts.journal.state;
    return { backbone, plan, release };
  }

  /** Resolves when no round runs. */
  async idle(): Promise<void> {
    while (this.#conductor !== null) await this.#conductor.finished;
  }

  readonly #send = (site: SiteId, message: CoordinatorMessage): void => {
    const { log } = this.#parts;
    if (message.kind === 'roundClosed' && !this.#hub.presence(site).connected) this.#untold.set(site, message);
    try {
      this.#hub.send(site, message);
    } catch (error) {
      log.error({ err: error, site, kind: message.kind }, 'a message could not be sent');
    }
  };

  #connected(site: SiteId): void {
    const missed = this.#untold.get(site);
    if (missed !== undefined) {
      this.#untold.delete(site);
      this.#send(site, missed);
    }
    this.#happen({ kind: 'connected', site });
    this.#schedule.look();
  }

  #happen(input: Parameters<Conductor['happen']>[0]): void {
    this.#follow(this.#conductor?.happen(input));
  }

  /** Work that nobody waits for; its failure must not go unseen. */
  #follow(work: Promise<void> | undefined): void {
    work?.catch((error: unknown) => this.#parts.log.error({ err: error }, 'the federation could not go on'));
  }

  #conductorParts(): ConductorParts {
    return { cores: 1, ...this.#parts, yieldTurn: yieldToEventLoop, send: this.#send };
  }

  #drive(conductor: Conductor): void {
    this.#conductor = conductor;
    void conductor.finished.then(() => this.#ended(conductor));
  }

  #ended(conductor: Conductor): void {
    if (this.#conductor === conductor) this.#conductor = null;
    this.#hub.rest(conductor.state.id);
    this.#schedule.look();
  }
}

function unhexed(keys: Iterable<readonly [SiteId, string]>): Map<SiteId, Uint8Array> {
  return new Map([...keys].map(([site, key]) => [site, new Uint8Array(Buffer.from(key, 'hex'))]));
}

function hex(bytes: Uint8Array): Hash {
  return Buffer.from(bytes).toString('hex') as Hash;
}
