import { parsePlan } from '@noren/protocol';
import { homeLayout, type HomeLayout } from '../home/layout.ts';
import { readBytes } from '../home/read-bytes.ts';
import { sha256, type LedgerProblem } from '../ledger/chain.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { judgeTranscript, type RoundAudit } from './judge-transcript.ts';
import { readSigned } from './signed-file.ts';

/** Why a round's audit cannot be repeated from what the site has on disk. */
export type AuditObstacle =
  /** The transcript is gone from the round's folder, or is not the one that was audited. */
  | 'transcript-missing'
  | 'transcript-changed'
  /** What the site had signed is not what it held against the transcript then. */
  | 'signed-changed';

/** One audit of the ledger, made again. */
export interface AuditedRound {
  readonly roundId: string;
  /** Null where the plan is no longer there. */
  readonly number: number | null;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** SHA-256 (hex) of the transcript; null where the coordinator named none. */
  readonly transcript: string | null;
  /** What the ledger says was found. */
  readonly findings: string;
  /** The same audit made now; null where that cannot be. */
  readonly again: RoundAudit | null;
  readonly obstacles: readonly AuditObstacle[];
}

export interface AuditReport {
  /** The first break in the ledger's chain: then nothing after it counts. Null where it is whole. */
  readonly ledger: LedgerProblem | null;
  /** In the order of the ledger. */
  readonly rounds: readonly AuditedRound[];
}

/** Makes every audit in the ledger again, from what is on disk. Works while the agent runs. */
export async function auditAgain(home: string): Promise<AuditReport> {
  const layout = homeLayout(home);
  const entries: LedgerEntry[] = [];
  const { problem } = await verifyLedger(home, (entry) => {
    if (entry.kind === 'audit') entries.push(entry);
  });
  // A repetition, after a restart of the agent, says the same again.
  const last = new Map(entries.map((entry) => [`${entry.round} ${entry.content}`, entry]));
  return { ledger: problem, rounds: await Promise.all([...last.values()].map((entry) => again(layout, entry))) };
}

async function again(layout: HomeLayout, entry: LedgerEntry): Promise<AuditedRound> {
  const roundId = entry.round ?? '';
  const folder = layout.round(roundId);
  const named = entry.content === NOTHING_HASH ? null : entry.content;
  const [document, kept, number] = await Promise.all([
    named === null ? null : readBytes(folder.transcript).catch(() => null),
    readSigned(folder.signed),
    numberOf(folder.plan),
  ]);
  const obstacles: AuditObstacle[] = [];
  if (named !== null && document === null) obstacles.push('transcript-missing');
  // Of what was too long for a transcript nothing was kept.
  if (document !== null && entry.bytes > 0 && sha256(document) !== named) obstacles.push('transcript-changed');
  if (sha256(kept?.bytes ?? new Uint8Array()) !== entry.signed) obstacles.push('signed-changed');
  const isRepeatable = obstacles.length === 0;
  return {
    roundId,
    number,
    at: entry.at,
    transcript: named,
    findings: entry.findings ?? '',
    again: isRepeatable ? judgeTranscript(document, kept?.record ?? null) : null,
    obstacles,
  };
}

const NOTHING_HASH = sha256('');

async function numberOf(planFile: string): Promise<number | null> {
  const bytes = await readBytes(planFile).catch(() => null);
  try {
    return bytes === null ? null : parsePlan(bytes).round;
  } catch {
    return null;
  }
}
