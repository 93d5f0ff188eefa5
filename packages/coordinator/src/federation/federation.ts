import { randomBytes } from 'node:crypto';

import { encodePlan, planHash, signingPublicKey, ProtocolError, signPlan } from '@noren/protocol';
import type { CertificateAuthority, CoordinatorMessage, EnrolRequest, EnrolResponse, Hash } from '@noren/protocol';
import type { FederationHandlers, Invitation, PlanTemplate, RoundPlan, SiteId } from '@noren/protocol';
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
import { makeRoundId } from './round-id.ts';

export interface FederationParts {
  readonly journal: Journal;
  readonly blobs: BlobStore;
  readonly authority: CertificateAuthority;
  /** Ed25519, PKCS#8 PEM. */
  readonly planKey: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly schedule: ScheduleRules | null;
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
      obstacle: () => this.#obstacle(),
      start: () => this.#follow(this.startRound().then(() => undefined)),
    });
  }

  /** Takes the log over: a round that was in flight when the process died has ended. */
  static async open(parts: FederationParts): Promise<Federation> {
    const federation = new Federation(parts);
    const { journal } = parts;
    const round = runningRound(journal.state);
    if (round !== null) {
      const reason = STOPPED_IN_ROUND;
      await journal.append({ kind: 'round-closed', roundId: round.id, outcome: 'failed', reason, difference: null });
      const releaseHash = journal.state.release?.hash;
      if (releaseHash !== undefined) {
        const told = { kind: 'roundClosed', roundId: round.id, outcome: 'failed', reason, releaseHash } as const;
        for (const site of journal.state.sites.keys()) federation.#untold.set(site, told);
      }
      parts.log.warn({ round: round.number }, STOPPED_IN_ROUND);
    }
    return federation;
  }

  /** Schedule and the watch over silent sessions begin. */
  run(): void {
    this.#hub.run();
    this.#schedule.run();
  }

  /** Ends a running round as failed, then every session. */
  async stop(): Promise<void> {
    this.#schedule.stop();
    const conductor = this.#conductor;
    if (conductor !== null && this.#parts.journal.broken === null) {
      await conductor.happen({ kind: 'broken', reason: STOPPED_IN_ROUND });
      await conductor.finished;
    }
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
        const open = journal.state.published.has(hash) || this.#conductor?.state.candidate === hash;
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
  async startRound(): Promise<number> {
    const { journal, blobs, planKey } = this.#parts;
    const begun = await journal.change(async (state) => {
      const plan = this.#nextPlan(state);
      const bytes = encodePlan(plan);
      const hash = planHash(bytes);
      const document = await blobs.write(bytes);
      const { roundId, round: number } = plan;
      const planned = { kind: 'round-planned', roundId, number, plan: document, planHash: hex(hash) } as const;
      const offer = { kind: 'roundOffer', plan: bytes, signature: signPlan(bytes, planKey) } as const;
      const brief = { plan, planHash: hash, offer, identityKeys: identityKeys(state) };
      const connected = this.#hub.connected.filter((site) => brief.identityKeys.has(site));
      // Made before its plan is in the log: from then on a round runs, and somebody must drive it.
      const parts = { ...this.#parts, yieldTurn: yieldToEventLoop, send: this.#send };
      return { events: [planned], result: { conductor: new Conductor(parts, brief), connected } };
    });
    const { conductor, connected } = begun;
    this.#conductor = conductor;
    this.#untold.clear();
    void conductor.finished.then(() => this.#ended(conductor));
    const { id, number } = conductor.state;
    await conductor.happen({ kind: 'start', connected: cohortOrder(id, connected) });
    return number;
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
    const recent = this.#parts.journal.state.rounds.find((round) => round.number === number);
    if (recent !== undefined) return roundView(recent, this.#conductor);
    let record: RoundRecord | null = null;
    for (const { body, at } of await this.#parts.journal.readRound(number)) {
      if ('roundId' in body) record = foldRound(record, body, at);
    }
    return record === null ? null : roundView(record, null);
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

  #ended(conductor: Conductor): void {
    if (this.#conductor === conductor) this.#conductor = null;
    this.#hub.rest(conductor.state.id);
    this.#schedule.look();
  }

  #obstacle(): string | null {
    const { state } = this.#parts.journal;
    if (state.backbone === null || state.plan === null || state.release === null) return 'No plan has been adopted.';
    const round = runningRound(state);
    if (round !== null) return `Round ${round.number} is running.`;
    const needed = state.plan.template.cohort.minimumSites;
    const eligible = eligibleSites(state);
    const connected = this.#hub.connected.filter((site) => eligible.has(site)).length;
    if (connected >= needed) return null;
    const listed = state.roster === null ? '' : ' and on the registrar’s roster';
    return `Waiting for sites: ${connected} of the ${needed} that a round needs are connected${listed}.`;
  }

  #nextPlan(state: FederationState): RoundPlan {
    const { backbone, plan, release } = state;
    const obstacle = this.#obstacle();
    if (backbone === null || plan === null || release === null) throw new CoordinatorError('no-plan', obstacle ?? '');
    if (obstacle !== null) {
      throw new CoordinatorError(runningRound(state) === null ? 'too-few-sites' : 'round-running', obstacle);
    }
    const last = state.rounds[0];
    const round = (last?.number ?? 0) + 1;
    return {
      ...plan.template,
      federation: state.name,
      roundId: makeRoundId(round, randomBytes(4).toString('hex')),
      round,
      backbone: backbone.hash,
      release: release.hash,
      vectorLength: plan.vectorLength,
      previousPlanHash: last?.planHash ?? null,
      roster: state.roster?.hash ?? null,
    };
  }
}

function identityKeys(state: FederationState): Map<string, Uint8Array> {
  const unhex = (key: string): Uint8Array => new Uint8Array(Buffer.from(key, 'hex'));
  return new Map([...eligibleSites(state)].map(([site, key]) => [site, unhex(key)]));
}

function hex(bytes: Uint8Array): Hash {
  return Buffer.from(bytes).toString('hex') as Hash;
}
