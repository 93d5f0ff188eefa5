import { sha256, type LedgerAnchor } from './chain.ts';
import { ChainedFile } from './chained-file.ts';
import { ledgerEntrySchema, type LedgerEntry, type LedgerKind } from './entry.ts';

/** A message about to leave the site. `content` are the bytes that leave, or their SHA-256 where they are many. */
export interface Departure {
  readonly kind: LedgerKind;
  readonly roundId: string | null;
  readonly bytes: number;
  readonly content: Uint8Array | { readonly sha256: string };
  /** How many messages the entry stands for; only heartbeats, which are empty, are counted together. */
  readonly count?: number;
  /** Of an audit, which is no departure. */
  readonly findings?: string;
  readonly signed?: string;
}

/**
 * The site's append-only record of everything that left it: one JSON line a message, each holding the SHA-256 of the
 * line before. Entries are written before their message is sent, so a message without an entry cannot exist; an entry
 * whose message never left (the connection broke) can.
 */
export class Ledger {
  readonly #chain: ChainedFile<LedgerEntry>;
  readonly #now: () => Date;

  private constructor(chain: ChainedFile<LedgerEntry>, now: () => Date) {
    this.#chain = chain;
    this.#now = now;
  }

  /** Opens or begins a ledger, as `ChainedFile.open`; that a cut last line was removed is recorded. */
  static open(file: string, anchor: LedgerAnchor, now: () => Date = () => new Date()): Ledger {
    const { chain, incomplete } = ChainedFile.open(file, anchor, {
      holds: 'what left this site',
      parse: (value) => ledgerEntrySchema.parse(value),
    });
    const ledger = new Ledger(chain, now);
    if (incomplete.length > 0) {
      ledger.record({ kind: 'repaired', roundId: null, bytes: incomplete.length, content: incomplete });
    }
    return ledger;
  }

  durableAnchor(): LedgerAnchor {
    return this.#chain.durableAnchor();
  }

  /** Appends one entry. Throws `ledger-unwritable` (a full disk): then the message must not be sent. */
  record(departure: Departure, o: { readonly durable?: boolean } = {}): void {
    const { kind, roundId: round, bytes, content, count, findings, signed } = departure;
    this.#chain.append(
      ({ n, previous }) => ({
        n,
        at: this.#now().toISOString(),
        kind,
        round,
        bytes,
        content: 'sha256' in content ? content.sha256 : sha256(content),
        ...(count === undefined ? {} : { count }),
        ...(findings === undefined ? {} : { findings }),
        ...(signed === undefined ? {} : { signed }),
        previous,
      }),
      o.durable === true,
    );
  }

  close(): void {
    this.#chain.close();
  }
}
