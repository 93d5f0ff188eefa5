import { readFile } from 'node:fs/promises';
import { homeLayout } from '../home/layout.ts';
import { StateFile } from '../home/state.ts';
import { LEDGER_GENESIS, ledgerEntrySchema, sha256, type LedgerEntry } from './entry.ts';

/** A known state of a ledger: how many entries it had and the SHA-256 (hex) of the last line. */
export interface LedgerAnchor {
  readonly entries: number;
  readonly head: string;
}

export interface LedgerProblem {
  /** From 1. */
  readonly line: number;
  readonly what: string;
}

export interface LedgerCheck extends LedgerAnchor {
  /** The first break of the chain; null when the ledger is whole. */
  readonly problem: LedgerProblem | null;
  readonly completeBytes: number;
  /** Bytes after the last complete line: a crash while writing, no sign of tampering. */
  readonly incompleteBytes: number;
  readonly incomplete: Uint8Array;
}

/**
 * Checks every line, the chain, and that the ledger still holds what `anchor` saw. A chain alone cannot show that its
 * end was cut off; the anchor, kept in another file, can.
 */
export function checkLedger(
  content: Uint8Array,
  anchor: LedgerAnchor,
  onEntry: (entry: LedgerEntry) => void = () => undefined,
): LedgerCheck {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  let entries = 0;
  let head = LEDGER_GENESIS;
  let start = 0;
  let problem: LedgerProblem | null = null;
  for (let end = bytes.indexOf(10); end >= 0 && problem === null; end = bytes.indexOf(10, start)) {
    const line = bytes.subarray(start, end);
    const entry = parseEntry(line);
    problem = lineProblem(entry, entries, head);
    if (entry !== null && problem === null) onEntry(entry);
    head = sha256(line);
    entries += 1;
    start = end + 1;
    if (problem === null && entries === anchor.entries && head !== anchor.head) {
      problem = { line: entries, what: 'this is not the entry that was last known here; the ledger was rewritten' };
    }
  }
  if (problem === null && entries < anchor.entries) {
    problem = { line: entries + 1, what: `${anchor.entries - entries} entries at the end are missing` };
  }
  const incomplete = problem === null ? bytes.subarray(start) : bytes.subarray(0, 0);
  return { entries, head, problem, completeBytes: start, incompleteBytes: incomplete.length, incomplete };
}

/**
 * Verifies the ledger of a home against its state.json. `onEntry` sees every entry up to the first problem, so
 * a caller can show or sum them up on the way. Works while the agent runs.
 */
export async function verifyLedger(home: string, onEntry?: (entry: LedgerEntry) => void): Promise<LedgerCheck> {
  const layout = homeLayout(home);
  // State first: the ledger only grows, so a later ledger contains an earlier anchor.
  const state = await StateFile.open(layout.state);
  const content = await readFile(layout.ledger).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  return checkLedger(content, state.current.ledger, onEntry);
}

function parseEntry(line: Uint8Array): LedgerEntry | null {
  try {
    return ledgerEntrySchema.parse(JSON.parse(Buffer.from(line).toString('utf8')));
  } catch {
    return null;
  }
}

function lineProblem(entry: LedgerEntry | null, n: number, head: string): LedgerProblem | null {
  const line = n + 1;
  if (entry === null) return { line, what: 'this is not a ledger entry' };
  if (entry.n !== n)
    return { line, what: `entry ${entry.n} stands where entry ${n} belongs; lines were moved or removed` };
  if (entry.previous !== head)
    return { line, what: 'the entry does not continue the line before it, which was changed' };
  return null;
}
