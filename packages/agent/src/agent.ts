import { connectFederation, parseHash } from '@noren/protocol';
import { identityFromPrivateKey } from '@noren/secure-aggregation';
import type { Logger } from 'pino';
import { dataJob, releaseShown, servedModel, type AgentParts } from './agent-parts.ts';
import { writeAtomically } from './home/atomic-file.ts';
import { BlobFolder } from './home/blobs.ts';
import { readBootId } from './home/boot-id.ts';
import { readConfig } from './home/config.ts';
import { readIdentity } from './home/identity.ts';
import { homeLayout } from './home/layout.ts';
import { lockHome, type HomeLock } from './home/lock.ts';
import { StateFile, type AgentState } from './home/state.ts';
import { Ledger } from './ledger/ledger.ts';
import { PrivacyLedger } from './privacy-ledger/privacy-ledger.ts';
import { describeFailure } from './relearning/failure.ts';
import type { Trainer } from './relearning/trainer.ts';
import { WorkerTrainer } from './relearning/worker-trainer.ts';
import { startServing, type ServingEndpoint } from './serving/serve.ts';
import { Adoption } from './session/adoption.ts';
import { CertificateKeeper } from './session/certificate-keeper.ts';
import { findCutOffRound } from './session/cut-off-round.ts';
import { Link } from './session/link.ts';
import { Outbox } from './session/outbox.ts';
import { RoundRunner } from './session/round-runner.ts';
import { RoundVault } from './session/round-vault.ts';
import { AGENT_VERSION } from './version.ts';

export interface AgentOptions {
  readonly log: Logger;
  /** Where tasks on the site's data run. Default: a worker thread, and another one for the recommendation endpoint. */
  readonly trainer?: Trainer;
  readonly now?: () => Date;
  /** Names this run of the operating system; null for none. Default: what the system says. */
  readonly bootId?: string | null;
  /** In [0, 1): spreads reconnections over time. No secret depends on it. */
  readonly random?: () => number;
}

/** What runs at a site: keeps the connection, takes part in rounds within the site's policy, serves recommendations. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #lock: HomeLock;
  readonly #adoption: Adoption;
  readonly #servingTrainer: Trainer;
  readonly #random: () => number;
  #endpoint: ServingEndpoint | null = null;
  #closed: Promise<void> | null = null;

  private constructor(parts: AgentParts, lock: HomeLock, servingTrainer: Trainer, random: () => number) {
    this.#parts = parts;
    this.#lock = lock;
    this.#adoption = new Adoption(parts);
    this.#servingTrainer = servingTrainer;
    this.#random = random;
  }

  /**
   * Opens a home: reads configuration, identity, state and ledger and locks it. Touches no network. Throws AgentError
   * `config-missing`, `config-invalid`, `not-joined`, `identity-invalid`, `home-in-use`, `state-invalid`, `ledger-damaged`.
   */
  static async open(home: string, options: AgentOptions): Promise<Agent> {
    const layout = homeLayout(home);
    const now = options.now ?? (() => new Date());
    const config = await readConfig(home);
    const site = await readIdentity(home);
    const lock = await lockHome(home);
    try {
      const state = await StateFile.open(layout.state);
      const bootId = options.bootId === undefined ? await readBootId() : options.bootId;
      const ledger = Ledger.open(layout.ledger, state.current.ledger, now);
      const privacyLedger = PrivacyLedger.open(layout.privacyLedger, state.current.privacyLedger, now);
      const anchors = (): Pick<AgentState, 'ledger' | 'privacyLedger'> => ({
        ledger: ledger.durableAnchor(),
        privacyLedger: privacyLedger.durableAnchor(),
      });
      const parts: AgentParts = {
        layout,
        config,
        site,
        signer: identityFromPrivateKey(site.identityKey),
        memory: {
          get current() {
            return state.current;
          },
          update: (change) => state.update((current) => ({ ...change(current), ...anchors() })),
        },
        ledger,
        privacyLedger,
        blobs: new BlobFolder(layout.blobs),
        trainer: options.trainer ?? new WorkerTrainer(),
        vault: new RoundVault(layout, site.identityKey, bootId),
        log: options.log.child({ site: site.siteId }),
        now,
      };
      const agent = new Agent(parts, lock, options.trainer ?? new WorkerTrainer(), options.random ?? Math.random);
      await agent.#adoption.recover();
      return agent;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get siteId(): string {
    return this.#parts.site.siteId;
  }

  get federation(): string {
    return this.#parts.site.federation;
  }

  /** Where recommendations are served; null while they are not. */
  get servingAddress(): string | null {
    return this.#endpoint === null ? null : `http://${this.#parts.config.serving.host}:${this.#endpoint.port}`;
  }

  /** Runs until the signal aborts, then leaves a running round, closes everything and resolves. Once for an agent. */
  async run(signal: AbortSignal): Promise<void> {
    const { site, log } = this.#parts;
    const connection = new AbortController();
    const keeper = new CertificateKeeper(this.#parts);
    const link: Link = new Link({
      federation: site.federation,
      limits: this.#parts.config.reconnect,
      outbox: new Outbox(this.#parts.ledger, this.#parts.now),
      log,
      random: this.#random,
      connect: () => connectFederation({ address: site.address, tls: keeper.tls }),
      hello: () => ({ agentVersion: AGENT_VERSION, releaseHash: this.#releaseInUse() }),
      onWelcome: () => {
        runner.reconnected();
        void keeper.renewIfDue(link, connection.signal);
      },
      onMessage: (message) => runner.receive(message),
    });
    const runner = new RoundRunner(this.#parts, link, this.#adoption);
    try {
      await this.#resume(runner);
      this.#endpoint = await this.#serve();
      const linked = link.run(connection.signal);
      void this.#lookAtData(connection.signal);
      // A link that fails ends the agent; its error is awaited last, when everything has been put away.
      await Promise.race([aborted(signal), linked.catch(() => undefined)]);
      log.info('shutting down');
      runner.leave();
      await this.#parts.trainer.close();
      await runner.finished();
      connection.abort();
      await linked;
    } finally {
      connection.abort();
      await this.close();
    }
  }

  /** Releases the home of an agent that does not run. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      try {
        await this.#endpoint?.close();
        this.#endpoint = null;
        await this.#parts.trainer.close();
        await this.#servingTrainer.close();
        // The anchor now covers everything that left, so a change to any entry shows.
        await this.#parts.memory.update((state) => state);
        this.#parts.ledger.close();
        this.#parts.privacyLedger.close();
      } finally {
        await this.#lock.release();
      }
    })();
    return this.#closed;
  }

  #releaseInUse(): ReturnType<typeof parseHash> | null {
    const release = releaseShown(this.#parts.memory);
    return release === null ? null : parseHash(release);
  }

  /** So that an administrator learns of unusable data when the agent starts, not when a round does. */
  async #lookAtData(signal: AbortSignal): Promise<void> {
    const { trainer, log, layout, now } = this.#parts;
    try {
      const { customers, items, interactions } = await trainer.inspect(dataJob(this.#parts), { signal });
      log.info({ customers, items, interactions }, "the site's data is readable");
    } catch (error) {
      const { code, reason, detail } = describeFailure(error);
      if (code === 'cancelled') return;
      log.error({ code, reason, detail: layout.problem }, "the site's data cannot be used; rounds will be refused");
      await writeAtomically(layout.problem, `${now().toISOString()}\n${detail}\n`).catch(() => undefined);
    }
  }

  async #resume(runner: RoundRunner): Promise<void> {
    const found = await findCutOffRound(this.#parts);
    await this.#parts.vault.keepOnly(found?.offer.plan.roundId ?? null);
    if (found !== null) runner.resume(found);
  }

  async #serve(): Promise<ServingEndpoint | null> {
    const { config, log } = this.#parts;
    const { host, port } = config.serving;
    if (port === 'off') return null;
    const endpoint = await startServing({
      host,
      port,
      recommend: ({ history, count }) =>
        this.#servingTrainer.recommend({ ...dataJob(this.#parts), serving: servedModel(this.#parts), history, count }),
      onFailure: (error) => {
        const { code, reason } = describeFailure(error);
        log.error({ code, reason }, 'a recommendation failed');
      },
    });
    log.info({ host, port: endpoint.port }, 'recommendations are served');
    return endpoint;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
