import { z } from 'zod';
import type { ChainLink } from './chain.ts';

/**
 * Two kinds are no departures: `repaired`, the incomplete last line of a crash was removed, and `audit`, a round's sum was held
 * against what the site had signed.
 */
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
  | 'survey'
  | 'renewal'
  | 'audit'
  | 'repaired';

export interface LedgerEntry extends ChainLink {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly kind: LedgerKind;
  readonly round: string | null;
  /** Size of the message on the wire without framing. */
  readonly bytes: number;
  /** SHA-256 (hex) of the message; of an upload, of the SHA-256 of each of its chunks in order; of an audit, of the transcript. */
  readonly content: string;
  readonly count?: number | undefined;
  /** Of an audit: what was found (`AuditFinding`s, with commas), and SHA-256 (hex) of what the site had kept of the round. */
  readonly findings?: string | undefined;
  readonly signed?: string | undefined;
}

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
    'survey',
    'renewal',
    'audit',
    'repaired',
  ]),
  round: z.string().max(128).nullable(),
  bytes: z.int().min(0),
  content: hash,
  count: z.int().min(1).optional(),
  findings: z
    .string()
    .regex(/^[a-z,-]{1,400}$/)
    .optional(),
  signed: hash.optional(),
  previous: hash,
});
