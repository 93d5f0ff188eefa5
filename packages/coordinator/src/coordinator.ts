import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { parseSiteId, startEnrolmentServer, startFederationServer } from '@noren/protocol';
import type { Hash, Invitation, PlanTemplate } from '@noren/protocol';
import type { FederationView, RoundView } from '@noren/protocol/console';
import type { Logger } from 'pino';

import { BlobStore } from './blobs/blob-store.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { parseCoordinatorConfig } from './config.ts';
import type { CoordinatorConfig, CoordinatorConfigInput } from './config.ts';
import { CoordinatorError } from './coordinator-error.ts';
import { ChangeFeed } from './events/change-feed.ts';
import { NatsPublisher } from './events/nats-publisher.ts';
import { Federation } from './federation/federation.ts';
import type { SurveyResult } from './federation/survey-result.ts';
import { runningRound } from './federation/federation-state.ts';
import type { FederationState } from './federation/federation-state.ts';
import { createHome, keepConfig, keepIdentity, readPostgresUrl } from './home.ts';
import type { CoordinatorIdentity } from './home.ts';
import { startHttpServer } from './http/http-server.ts';
import { metricsText } from './http/metrics.ts';
import { operatorApi } from './http/operator-api.ts';
import { NoiseKeyFolder } from './noise/noise-keys.ts';
import { RoundFolders } from './round-log/round-folders.ts';
import type { EventStore } from './store/event-store.ts';
import { Journal } from './store/journal.ts';
import { openPostgresEventStore } from './store/postgres-event-store.ts';
import { openSqliteEventStore } from './store/sqlite-event-store.ts';

/** Milliseconds within which an open page learns of an event, and of a site's progress. */
const EVENT_PATIENCE = 0;
const PROGRESS_PATIENCE = 1000;

export interface CoordinatorOptions {
  readonly log: Logger;
  readonly clock?: Clock;
}

/** Where a started coordinator is reached: `host:port` for sites, a URL for the operator. */
export interface CoordinatorAddresses {
  readonly address: string;
  readonly enrolmentAddress: string;
  readonly consoleAddress: string;
}

interface Running {
  readonly ports: Ports;
  close(): Promise<void>;
}

type Ports = Pick<CoordinatorConfig, 'grpcPort' | 'enrolmentPort' | 'consolePort'>;

/** Headquarters' side of a federation: one home, one log, three ports. */
export class Coordinator {
  readonly #config: CoordinatorConfig;
  readonly #log: Logger;
  readonly #identity: CoordinatorIdentity;
  readonly #journal: Journal;
  readonly #federation: Federation;
  readonly #changes: ChangeFeed;
  /** Resolves if the log can no longer be written. The coordinator has then closed itself; the process should end. */
  readonly failed: Promise<CoordinatorError>;
  #running: Running | null = null;
  #closing: Promise<void> | null = null;

  private constructor(o: {
    readonly config: CoordinatorConfig;
    readonly log: Logger;
    readonly identity: CoordinatorIdentity;
    readonly journal: Journal;
    readonly federation: Federation;
    readonly changes: ChangeFeed;
  }) {
    this.#config = o.config;
    this.#log = o.log;
    this.#identity = o.identity;
    this.#journal = o.journal;
    this.#federation = o.federation;
    this.#changes = o.changes;
    this.failed = this.#closeOnFailure();
  }

  /**
   * Opens the home, creating it and everything in it on the first start, and goes on with a round that a stop cut off.
   * Nothing listens yet. Throws CoordinatorError `config-invalid`, `home-in-use`, `home-invalid` or `store-failed`.
   */
  static async open(input: CoordinatorConfigInput, options: CoordinatorOptions): Promise<Coordinator> {
    const config = parseCoordinatorConfig(input);
    const { log, clock = systemClock } = options;
    await createHome(config.home);
    // The store holds the lock; nothing in the home is touched before.
    const store = await openStore(config);
    try {
      const journal = await Journal.open(store, () => clock.now());
      await foundFederation(journal, config);
      await keepConfig(config);
      const identity = await keepIdentity(config.home, config);
      const changes = new ChangeFeed(clock);
      journal.subscribe(() => changes.touch(EVENT_PATIENCE));
      const blobs = await BlobStore.open(join(config.home, 'blobs'));
      const running = runningRound(journal.state)?.id ?? null;
      const rounds = await RoundFolders.open(join(config.home, 'rounds'), running);
      const { authority, planKey } = identity;
      const { schedule } = config;
      const presenceChanged = (): void => changes.touch(PROGRESS_PATIENCE);
      const noiseKeys = await NoiseKeyFolder.open(join(config.home, 'noise'));
      const own = { journal, blobs, rounds, noiseKeys, authority, planKey, clock, log };
      const cores = availableParallelism();
      const federation = await Federation.open({ ...own, schedule, presenceChanged, cores });
      return new Coordinator({ config, log, identity, journal, federation, changes });
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** Listens, and lets the schedule run. All ports or none: throws CoordinatorError `port-in-use` naming the port. */
  async start(): Promise<CoordinatorAddresses> {
    if (this.#running === null) {
      this.#running = await this.#listen();
      this.#federation.run();
    }
    return this.addresses;
  }

  get addresses(): CoordinatorAddresses {
    const { grpcPort, enrolmentPort, consolePort } = this.#running?.ports ?? this.#config;
    const { names, host, consoleHost } = this.#config;
    const name = names[0] ?? host;
    return {
      address: at(name, grpcPort),
      enrolmentAddress: at(name, enrolmentPort),
      consoleAddress: `http://${at(consoleHost, consolePort)}`,
    };
  }

  /** A one-time invitation, good for seven days. Throws ProtocolError for an id that is none. */
  async invite(siteId: string, name: string): Promise<Invitation> {
    return this.#federation.invite(parseSiteId(siteId), name, this.addresses);
  }

  /** Lets a site that was put in quarantine take part again. Throws CoordinatorError `unknown-site`, `not-quarantined`. */
  async release(siteId: string, reason: string): Promise<void> {
    await this.#federation.release(parseSiteId(siteId), reason);
  }

  /** Takes a site out at once: its certificate is refused from now on. Throws `unknown-site`. */
  async revoke(siteId: string, reason: string): Promise<void> {
    await this.#federation.revoke(parseSiteId(siteId), reason);
  }

  /** Stores a backbone and puts it in force; its hash. Registering the one in force again changes nothing. */
  registerBackbone(bytes: Uint8Array): Promise<Hash> {
    return this.#federation.registerBackbone(bytes);
  }

  /** Puts a plan in force with the release its first round starts from; null keeps the release in force. */
  adoptPlan(template: PlanTemplate, releaseBytes: Uint8Array | null): Promise<void> {
    return this.#federation.adoptPlan(template, releaseBytes);
  }

  /** Starts a round now; its number. Throws `no-plan`, `round-running`, `too-few-sites`. */
  startRound(): Promise<number> {
    return this.#federation.startRound();
  }

  /** Starts a survey round now; its number. Throws as `startRound`, and for a plan that is no survey of this backbone. */
  async startSurvey(template: PlanTemplate): Promise<number> {
    return this.#federation.startSurvey(template);
  }

  /** A survey that was summed, the newest without a number; null when there is none. */
  survey(number?: number): Promise<SurveyResult | null> {
    return this.#federation.survey(number);
  }

  pause(): Promise<void> {
    return this.#federation.pause();
  }

  resume(): Promise<void> {
    return this.#federation.resume();
  }

  /** Resolves when no round runs. */
  idle(): Promise<void> {
    return this.#federation.idle();
  }

  /** The backbone, plan and release in force, null until there is one. */
  get lineage(): Pick<FederationState, 'backbone' | 'plan' | 'release'> {
    return this.#federation.lineage;
  }

  /** Throws `no-backbone` or `no-plan` until both are there; `lineage` says so without an error. */
  view(): FederationView {
    return this.#federation.view(this.addresses);
  }

  /** Null when there was no such round. */
  round(number: number): Promise<RoundView | null> {
    return this.#federation.round(number);
  }

  /** Closes every port and the log; the next start goes on with a running round. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #closeOnFailure(): Promise<CoordinatorError> {
    const error = await this.#journal.failure;
    this.#log.fatal({ err: error }, 'the event log cannot be written; the coordinator stops');
    await this.close();
    return error;
  }

  async #close(): Promise<void> {
    await this.#federation.stop();
    await this.#running?.close();
    await this.#journal.close();
  }

  async #listen(): Promise<Running> {
    const { host, consoleHost, grpcPort, enrolmentPort, consolePort, nats } = this.#config;
    const { tls } = this.#identity;
    const federation = this.#federation;
    const opened: { close(): Promise<void> }[] = [];
    const close = async (): Promise<void> => {
      await Promise.all(opened.map((server) => server.close()));
    };
    try {
      const handlers = federation.handlers();
      const serving = startFederationServer({ host, port: grpcPort, tls, handlers });
      const grpc = await bound('grpcPort', host, grpcPort, serving);
      opened.push(grpc);
      const enrol = federation.enrol.bind(federation);
      const failed = (error: unknown): void => this.#log.error({ err: error }, 'an enrolment failed');
      const enrolling = startEnrolmentServer({ host, port: enrolmentPort, tls, enrol, failed });
      const enrolment = await bound('enrolmentPort', host, enrolmentPort, enrolling);
      opened.push(enrolment);
      const showing = startHttpServer(this.#operatorApi(), consoleHost, consolePort);
      const http = await bound('consolePort', consoleHost, consolePort, showing);
      opened.push(http);
      if (nats !== null) {
        const publisher = new NatsPublisher(this.#journal, nats, this.#log);
        publisher.start();
        opened.push({ close: () => publisher.stop() });
      }
      return { ports: { grpcPort: grpc.port, enrolmentPort: enrolment.port, consolePort: http.port }, close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  #operatorApi(): ReturnType<typeof operatorApi> {
    const { consoleHost, names, consoleDirectory } = this.#config;
    const journal = this.#journal;
    return operatorApi({
      log: this.#log,
      operatorToken: this.#identity.operatorToken,
      host: consoleHost,
      names,
      consoleDirectory,
      changes: this.#changes,
      view: () => this.view(),
      round: (number) => this.round(number),
      sequence: () => journal.state.sequence,
      startRound: () => this.startRound(),
      startSurvey: (template) => this.startSurvey(template),
      survey: (number) => this.survey(number),
      setPaused: (paused) => (paused ? this.pause() : this.resume()),
      invite: (site, name) => this.invite(site, name),
      installRoster: (bytes) => this.#federation.installRoster(bytes),
      revoke: (site, reason) => this.revoke(site, reason),
      release: (site, reason) => this.release(site, reason),
      unready: () => journal.broken?.message ?? null,
      metrics: () => metricsText(journal.state, this.#federation.connected.length),
    });
  }
}

async function openStore(config: CoordinatorConfig): Promise<EventStore> {
  if (config.postgres === null) return openSqliteEventStore(join(config.home, 'state.sqlite'));
  return openPostgresEventStore(await readPostgresUrl(config.postgres));
}

/** Writes the first event of a new log; a log that is there belongs to the federation it names. */
async function foundFederation(journal: Journal, { name, home }: CoordinatorConfig): Promise<void> {
  const { state } = journal;
  if (state.sequence === 0) {
    await journal.append({ kind: 'federation-created', id: randomBytes(8).toString('hex'), name });
  } else if (state.name !== name) {
    const message = `${home} holds the federation "${state.name}", not "${name}": correct the name or choose another home.`;
    throw new CoordinatorError('config-invalid', message);
  }
}

/** Says which setting a port that is in use comes from. */
async function bound<T>(setting: keyof Ports, host: string, port: number, starting: Promise<T>): Promise<T> {
  try {
    return await starting;
  } catch (cause) {
    const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code !== 'port-in-use' && code !== 'EADDRINUSE') throw cause;
    const message = `Port ${port} on ${host} is in use. Stop the program that uses it, or choose another: the setting "${setting}".`;
    throw new CoordinatorError('port-in-use', message, { cause });
  }
}

function at(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
