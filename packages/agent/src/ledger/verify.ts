import { readFile } from 'node:fs/promises';
import { homeLayout } from '../home/layout.ts';
import { StateFile } from '../home/state.ts';
import { checkChain, type LedgerAnchor, type LedgerCheck } from './chain.ts';
import { ledgerEntrySchema, type LedgerEntry } from './entry.ts';

/** Checks every line of a ledger, as `checkChain`. */
export function checkLedger(
  content: Uint8Array,
  anchor: LedgerAnchor,
  onEntry: (entry: LedgerEntry) => void = () => undefined,
): LedgerCheck {
  return checkChain(content, anchor, (value) => ledgerEntrySchema.parse(value), onEntry);
}

/**
 * Verifies the ledger of a home against its state.json. `onEntry` sees every entry up to the first problem, so
 * a caller can show or sum them up on the way. Works while the agent runs.
 */
export async function verifyLedger(home: string, onEntry?: (entry: LedgerEntry) => void): Promise<LedgerCheck> {
  const layout = homeLayout(home);
  // State first: the ledger only grows, so a later ledger contains an earlier anchor.
  const state = await StateFile.open(layout.state);
  return checkLedger(await readRecord(layout.ledger), state.current.ledger, onEntry);
}

/** What is not there yet is empty. */
export async function readRecord(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return new Uint8Array();
    throw error;
  });
}
