import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { AgentError } from '../agent-error.ts';
import { checkChain, entryLine, type ChainLink, type LedgerAnchor } from './chain.ts';

/** An append-only file of JSON lines, each of which holds the SHA-256 of the line before. */
export class ChainedFile<E extends ChainLink> {
  readonly #descriptor: number;
  readonly #file: string;
  #entries: number;
  #head: string;

  private constructor(file: string, descriptor: number, anchor: LedgerAnchor) {
    this.#file = file;
    this.#descriptor = descriptor;
    this.#entries = anchor.entries;
    this.#head = anchor.head;
  }

  /**
   * Opens or begins a record. Throws `ledger-damaged` when the chain is broken or shorter than `anchor` says; `holds` says in
   * words what is then lost. A last line without its end is what a power cut leaves behind; it is removed and given back.
   */
  static open<E extends ChainLink>(
    file: string,
    anchor: LedgerAnchor,
    o: { readonly holds: string; parse(value: unknown): E; onEntry?(entry: E): void },
  ): { readonly chain: ChainedFile<E>; readonly incomplete: Uint8Array } {
    const descriptor = openSync(file, 'a+', 0o600);
    try {
      const found = checkChain(
        readFileSync(file),
        anchor,
        (value) => o.parse(value),
        (entry) => o.onEntry?.(entry),
      );
      if (found.problem !== null) {
        throw new AgentError(
          'ledger-damaged',
          `${file}, line ${found.problem.line}: ${found.problem.what}. The record of ${o.holds} is not ` +
            'complete. Find out who changed it; to go on, move it to a safe place together with state.json.',
        );
      }
      if (found.incompleteBytes > 0) ftruncateSync(descriptor, found.completeBytes);
      return { chain: new ChainedFile<E>(file, descriptor, found), incomplete: found.incomplete };
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /**
   * What state.json keeps of the record. Synced first: an anchor that survives a power cut its entries did not survive
   * would look like tampering.
   */
  durableAnchor(): LedgerAnchor {
    fsyncSync(this.#descriptor);
    return { entries: this.#entries, head: this.#head };
  }

  /** Appends one entry; synced if `durable`. Throws `ledger-unwritable` (a full disk). */
  append(content: (link: ChainLink) => E, durable: boolean): void {
    const { line, head } = entryLine(content({ n: this.#entries, previous: this.#head }));
    try {
      writeSync(this.#descriptor, line);
      if (durable) fsyncSync(this.#descriptor);
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
