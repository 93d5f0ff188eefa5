import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { AgentError } from '../agent-error.ts';
import { entryLine, sha256, type LedgerKind } from './entry.ts';
import { checkLedger, type LedgerAnchor } from './verify.ts';

/** A message about to leave the site. `content` are the bytes that leave, or their SHA-256 where they are many. */
export interface Departure {
  readonly kind: LedgerKind;
  readonly roundId: string | null;
  readonly bytes: number;
  readonly content: Uint8Array | { readonly sha256: string };
  /** How many messages the entry stands for; only heartbeats, which are empty, are counted together. */
  readonly count?: number;
}

/**
 * The site's append-only record of everything that left it: one JSON line a message, each holding the SHA-256 of the
 * line before. Entries are written before their message is sent, so a message without an entry cannot exist; an entry
 * whose message never left (the connection broke) can.
 */
export class Ledger {
  readonly #descriptor: number;
  readonly #file: string;
  readonly #now: () => Date;
  #entries: number;
  #head: string;

  private constructor(file: string, descriptor: number, anchor: LedgerAnchor, now: () => Date) {
    this.#file = file;
    this.#descriptor = descriptor;
    this.#entries = anchor.entries;
    this.#head = anchor.head;
    this.#now = now;
  }

  /**
   * Opens or begins a ledger. Throws `ledger-damaged` when the chain is broken or shorter than `anchor` says.
   * A last line without its end is what a power cut leaves behind; it is removed and that is recorded.
   */
  static open(file: string, anchor: LedgerAnchor, now: () => Date = () => new Date()): Ledger {
    const descriptor = openSync(file, 'a+', 0o600);
    try {
      const found = checkLedger(readFileSync(file), anchor);
      if (found.problem !== null) {
        throw new AgentError(
          'ledger-damaged',
          `${file}, line ${found.problem.line}: ${found.problem.what}. The record of what left this site is not ` +
            'complete. Find out who changed it; to go on, move it to a safe place together with state.json.',
        );
      }
      if (found.incompleteBytes > 0) ftruncateSync(descriptor, found.completeBytes);
      const ledger = new Ledger(file, descriptor, found, now);
      if (found.incompleteBytes > 0) {
        ledger.record({ kind: 'repaired', roundId: null, bytes: found.incompleteBytes, content: found.incomplete });
      }
      return ledger;
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /**
   * What state.json keeps of the ledger. Synced first: an anchor that survives a power cut its entries did not survive
   * would look like tampering.
   */
  durableAnchor(): LedgerAnchor {
    fsyncSync(this.#descriptor);
    return { entries: this.#entries, head: this.#head };
  }

  /** Appends one entry. Throws `ledger-unwritable` (a full disk): then the message must not be sent. */
  record(departure: Departure, o: { readonly durable?: boolean } = {}): void {
    const { line, head } = entryLine({
      n: this.#entries,
      at: this.#now().toISOString(),
      kind: departure.kind,
      round: departure.roundId,
      bytes: departure.bytes,
      content: 'sha256' in departure.content ? departure.content.sha256 : sha256(departure.content),
      ...(departure.count === undefined ? {} : { count: departure.count }),
      previous: this.#head,
    });
    try {
      writeSync(this.#descriptor, line);
      if (o.durable === true) fsyncSync(this.#descriptor);
    } catch (error) {
      throw new AgentError(
        'ledger-unwritable',
        `${this.#file} cannot be written (${(error as Error).message}), so nothing may leave this site. Make room or ` +
          'correct the permissions.',
        error,
      );
    }
    this.#entries += 1;
    this.#head = head;
  }

  close(): void {
    try {
      fsyncSync(this.#descriptor);
    } finally {
      closeSync(this.#descriptor);
    }
  }
}
