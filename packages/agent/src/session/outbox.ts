import { encodeSiteMessage, type SiteMessage } from '@noren/protocol';
import type { Ledger } from '../ledger/ledger.ts';

/** Milliseconds between two ledger entries for heartbeats. */
const HEARTBEAT_ENTRY_EVERY = 3_600_000;

/** Kinds whose entry must be on disk before the message leaves: what they disclose cannot be taken back. */
const DURABLE: ReadonlySet<SiteMessage['kind']> = new Set([
  'sealedShares',
  'survivorSignature',
  'revealedShares',
  'evaluationReport',
]);

/**
 * The only way by which a session message leaves: it is written into the ledger first. Heartbeats are empty, so they
 * are counted and entered together once an hour and at the end of a session.
 */
export class Outbox {
  readonly #ledger: Ledger;
  readonly #now: () => Date;
  #heartbeats = 0;
  #heartbeatsSince = 0;

  constructor(ledger: Ledger, now: () => Date) {
    this.#ledger = ledger;
    this.#now = now;
  }

  /** Throws AgentError `ledger-unwritable`; then nothing was sent. */
  send(message: SiteMessage, deliver: (message: SiteMessage) => void): void {
    if (message.kind === 'heartbeat') {
      this.#countHeartbeat();
    } else {
      const content = encodeSiteMessage(message);
      const roundId = 'roundId' in message ? message.roundId : null;
      const durable = DURABLE.has(message.kind);
      this.#ledger.record({ kind: message.kind, roundId, bytes: content.length, content }, { durable });
    }
    deliver(message);
  }

  /** Enters the heartbeats counted so far. */
  flush(): void {
    if (this.#heartbeats === 0) return;
    const content = encodeSiteMessage({ kind: 'heartbeat' });
    const bytes = content.length * this.#heartbeats;
    this.#ledger.record({ kind: 'heartbeat', roundId: null, bytes, content, count: this.#heartbeats });
    this.#heartbeats = 0;
  }

  #countHeartbeat(): void {
    const now = this.#now().getTime();
    if (this.#heartbeats === 0) this.#heartbeatsSince = now;
    this.#heartbeats += 1;
    if (now - this.#heartbeatsSince >= HEARTBEAT_ENTRY_EVERY) this.flush();
  }
}
