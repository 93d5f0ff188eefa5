import { setTimeout as sleep } from 'node:timers/promises';
import {
  ProtocolError,
  type ProtocolErrorCode,
  type CoordinatorMessage,
  type FederationConnection,
  type Hello,
  type SiteMessage,
} from '@noren/protocol';
import type { Logger } from 'pino';
import { AgentError } from '../agent-error.ts';
import {
  beforeFirstConnection,
  nextConnection,
  type ConnectionEvent,
  type ConnectionState,
  type ReconnectLimits,
} from './connection.ts';
import type { Outbox } from './outbox.ts';

/** Seconds a coordinator has to greet. */
const GREETING_TIME = 15;
/** Seconds a coordinator has to answer a goodbye. */
const GOODBYE_TIME = 2;
/** Seconds after which a connection counts as steady. */
const STEADY_AFTER = 30;
/** Of the coordinator's heartbeat interval: early enough that a late timer does not miss it. */
const HEARTBEAT_SHARE = 0.6;
/** Failures that trying again later may help. */
const PASSING: ReadonlySet<ProtocolErrorCode> = new Set(['unreachable', 'internal', 'exhausted']);
const TRANSFER_ATTEMPTS = 20;
/** Seconds. */
const TRANSFER_PAUSE = 0.5;

export interface LinkOptions {
  readonly federation: string;
  readonly limits: ReconnectLimits;
  readonly outbox: Outbox;
  readonly log: Logger;
  readonly random: () => number;
  connect(): FederationConnection;
  hello(): Hello;
  onWelcome(): void;
  onMessage(message: CoordinatorMessage): void;
}

interface Ending {
  readonly reason: string;
  /** The coordinator answered and does not want this site. */
  readonly refused: boolean;
}

interface Session {
  readonly connection: FederationConnection;
  send(message: SiteMessage): void;
  end(reason: string): void;
}

/** The connection to the coordinator: opened again whenever it is lost, until the signal aborts. */
export class Link {
  readonly #o: LinkOptions;
  #state: ConnectionState = beforeFirstConnection;
  #session: Session | null = null;
  #waiters: ((session: Session) => void)[] = [];
  #failure: AgentError | null = null;

  constructor(options: LinkOptions) {
    this.#o = options;
  }

  /** Resolves when the signal aborts. Rejects with AgentError `ledger-unwritable`. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { reason, refused } = await this.#converse(signal);
      if (this.#failure !== null) throw this.#failure;
      this.#step(signal.aborted ? { kind: 'stop' } : { kind: 'lost', refused });
      if (this.#state.kind !== 'waiting') return;
      this.#o.log.warn({ reason, refused, seconds: Math.round(this.#state.delay) }, 'no connection to the coordinator');
      await sleep(this.#state.delay * 1000, undefined, { signal }).catch(() => undefined);
      this.#step({ kind: 'waited' });
    }
  }

  /** Sends now or not at all; false without a connection. Without a ledger nothing may leave: then `run` rejects. */
  send(message: SiteMessage): boolean {
    const session = this.#session;
    if (session === null) return false;
    try {
      this.#o.outbox.send(message, (sent) => session.send(sent));
      return true;
    } catch (error) {
      if (!(error instanceof AgentError) || error.code !== 'ledger-unwritable') throw error;
      this.#failure = error;
      session.end('the ledger cannot be written');
      return false;
    }
  }

  /** Says again what release the site has in use. */
  greet(): void {
    this.send({ kind: 'hello', ...this.#o.hello() });
  }

  /**
   * Runs a transfer on the connection, waiting for one if there is none. When the connection is lost meanwhile the
   * transfer begins again on the next one; any other failure is the caller's.
   */
  async transfer<T>(run: (connection: FederationConnection) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      const session = await this.#connected(signal);
      try {
        return await run(session.connection);
      } catch (error) {
        // A transfer may notice a broken connection before the session does.
        const lost = session !== this.#session || (error instanceof ProtocolError && PASSING.has(error.code));
        if (signal.aborted || !lost || attempt === TRANSFER_ATTEMPTS) throw error;
        this.#o.log.warn({ attempt }, 'a transfer broke off and is tried again');
        await sleep(TRANSFER_PAUSE * 1000, undefined, { signal });
      }
    }
  }

  #connected(signal: AbortSignal): Promise<Session> {
    if (this.#session !== null) return Promise.resolve(this.#session);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters = this.#waiters.filter((waiter) => waiter !== onSession);
        reject(signal.reason as Error);
      };
      const onSession = (session: Session): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(session);
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(onSession);
    });
  }

  /** One connection from its opening to its end. */
  async #converse(signal: AbortSignal): Promise<Ending> {
    const { log, outbox } = this.#o;
    const connection = this.#o.connect();
    const timers: NodeJS.Timeout[] = [];
    let end: (ending: Ending) => void = () => undefined;
    const ended = new Promise<Ending>((resolve) => {
      end = resolve;
    });
    let closed: () => void = () => undefined;
    const saidGoodbye = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const finish = (reason: string): void => end({ reason, refused: false });
    const stream = connection.session({
      message: (message) => {
        if (message.kind !== 'welcome') {
          if (this.#session !== null) this.#o.onMessage(message);
          return;
        }
        if (message.federation !== this.#o.federation) {
          end({ reason: `the coordinator serves the federation "${message.federation}"`, refused: true });
          return;
        }
        if (this.#session !== null) return;
        timers.push(setTimeout(() => this.#step({ kind: 'steady' }), STEADY_AFTER * 1000));
        timers.push(
          setInterval(() => this.send({ kind: 'heartbeat' }), message.heartbeatSeconds * HEARTBEAT_SHARE * 1000),
        );
        this.#open({ connection, send: (sent) => stream.send(sent), end: finish });
      },
      closed: (reason, error) => {
        end({ reason, refused: error?.code === 'denied' || error?.code === 'certificate-rejected' });
        closed();
      },
    });
    const onAbort = (): void => finish('the agent is shutting down');
    signal.addEventListener('abort', onAbort, { once: true });
    timers.push(setTimeout(() => this.#session ?? finish('the coordinator did not greet'), GREETING_TIME * 1000));
    try {
      outbox.send({ kind: 'hello', ...this.#o.hello() }, (sent) => stream.send(sent));
      if (signal.aborted) onAbort();
      return await ended;
    } finally {
      this.#session = null;
      signal.removeEventListener('abort', onAbort);
      for (const timer of timers) clearTimeout(timer);
      stream.end();
      // Closing the connection cancels what is still on its way, such as the withdrawal of a site that shuts down.
      await Promise.race([saidGoodbye, sleep(GOODBYE_TIME * 1000, undefined, { ref: false })]);
      connection.close();
      outbox.flush();
      log.debug('connection closed');
    }
  }

  #open(session: Session): void {
    this.#session = session;
    this.#step({ kind: 'welcomed' });
    this.#o.log.info('connected to the coordinator');
    this.#o.onWelcome();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter(session);
  }

  #step(event: ConnectionEvent): void {
    this.#state = nextConnection(this.#state, event, this.#o.limits, this.#o.random);
  }
}
