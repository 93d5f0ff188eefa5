import { createHash } from 'node:crypto';
import { z } from 'zod';

/** `repaired` is the only entry that is no departure: the incomplete last line of a crash was removed. */
export type LedgerKind =
  | 'enrolment'
  | 'hello'
  | 'heartbeat'
  | 'offerReply'
  | 'progress'
  | 'keyAdvertisement'
  | 'sealedShares'
  | 'survivorSignature'
  | 'revealedShares'
  | 'evaluationReport'
  | 'withdrawal'
  | 'download'
  | 'upload'
  | 'renewal'
  | 'repaired';

export interface LedgerEntry {
  /** Place in the ledger, from 0. */
  readonly n: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly kind: LedgerKind;
  readonly round: string | null;
  /** Size of the message on the wire without framing. */
  readonly bytes: number;
  /** SHA-256 (hex) of the message; of an upload, of the SHA-256 of each of its chunks in order. */
  readonly content: string;
  readonly count?: number | undefined;
  /** SHA-256 (hex) of the line before without its line end; zeros in the first. */
  readonly previous: string;
}

/** What stands before the first entry. */
export const LEDGER_GENESIS: string = '0'.repeat(64);

const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const ledgerEntrySchema: z.ZodType<LedgerEntry> = z.strictObject({
  n: z.int().min(0),
  at: z.iso.datetime(),
  kind: z.enum([
    'enrolment',
    'hello',
    'heartbeat',
    'offerReply',
    'progress',
    'keyAdvertisement',
    'sealedShares',
    'survivorSignature',
    'revealedShares',
    'evaluationReport',
    'withdrawal',
    'download',
    'upload',
    'renewal',
    'repaired',
  ]),
  round: z.string().max(128).nullable(),
  bytes: z.int().min(0),
  content: hash,
  count: z.int().min(1).optional(),
  previous: hash,
});

/** The line of an entry with its end, and the hash the next entry must carry. */
export function entryLine(entry: LedgerEntry): { readonly line: string; readonly head: string } {
  const text = JSON.stringify(entry);
  return { line: `${text}\n`, head: sha256(text) };
}

export function sha256(line: string | Uint8Array): string {
  return createHash('sha256').update(line).digest('hex');
}
