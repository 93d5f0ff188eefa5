import { createHash } from 'node:crypto';

/** What every line of a chained record holds beside its own content. */
export interface ChainLink {
  /** Place in the record, from 0. */
  readonly n: number;
  /** SHA-256 (hex) of the line before without its line end; zeros in the first. */
  readonly previous: string;
}

/** What stands before the first entry. */
export const LEDGER_GENESIS: string = '0'.repeat(64);

/** A known state of a chained record: how many entries it had and the SHA-256 (hex) of the last line. */
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
  /** The first break of the chain; null when the record is whole. */
  readonly problem: LedgerProblem | null;
  readonly completeBytes: number;
  /** Bytes after the last complete line: a crash while writing, no sign of tampering. */
  readonly incompleteBytes: number;
  readonly incomplete: Uint8Array;
}

/**
 * Checks every line, the chain, and that the record still holds what `anchor` saw. A chain alone cannot show that its
 * end was cut off; the anchor, kept in another file, can. `parse` throws on what is no entry; `onEntry` sees every entry up
 * to the first problem.
 */
export function checkChain<E extends ChainLink>(
  content: Uint8Array,
  anchor: LedgerAnchor,
  parse: (value: unknown) => E,
  onEntry: (entry: E) => void,
): LedgerCheck {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  let entries = 0;
  let head = LEDGER_GENESIS;
  let start = 0;
  let problem: LedgerProblem | null = null;
  for (let end = bytes.indexOf(10); end >= 0 && problem === null; end = bytes.indexOf(10, start)) {
    const line = bytes.subarray(start, end);
    const entry = parseEntry(line, parse);
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

/** The line of an entry with its end, and the hash the next entry must carry. */
export function entryLine(entry: ChainLink): { readonly line: string; readonly head: string } {
  const text = JSON.stringify(entry);
  return { line: `${text}\n`, head: sha256(text) };
}

export function sha256(line: string | Uint8Array): string {
  return createHash('sha256').update(line).digest('hex');
}

function parseEntry<E>(line: Uint8Array, parse: (value: unknown) => E): E | null {
  try {
    return parse(JSON.parse(Buffer.from(line).toString('utf8')));
  } catch {
    return null;
  }
}

function lineProblem(entry: ChainLink | null, n: number, head: string): LedgerProblem | null {
  const line = n + 1;
  if (entry === null) return { line, what: 'this is not a ledger entry' };
  if (entry.n !== n)
    return { line, what: `entry ${entry.n} stands where entry ${n} belongs; lines were moved or removed` };
  if (entry.previous !== head)
    return { line, what: 'the entry does not continue the line before it, which was changed' };
  return null;
}
