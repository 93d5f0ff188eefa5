import { join } from 'node:path';
import { expect } from 'vitest';
import { StateFile, type AgentState } from '../home/state.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import { verifyLedger } from '../ledger/verify.ts';
import type { RunningSite, TestFederation } from './federation.ts';
import type { FixedTrainer } from './fixed-trainer.ts';

export async function stateOf(home: string): Promise<AgentState> {
  return (await StateFile.open(join(home, 'state.json'))).current;
}

export async function ledgerOf(home: string): Promise<LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  expect((await verifyLedger(home, (entry) => entries.push(entry))).problem).toBeNull();
  return entries;
}

export function site(sites: ReadonlyMap<string, RunningSite>, name: string): RunningSite {
  const found = sites.get(name);
  if (found === undefined) throw new Error(`no site ${name}`);
  return found;
}

/** A task that never ends by itself. */
export function untilStopped(held: string): FixedTrainer['hold'] {
  return (task, { signal }) =>
    task === held
      ? new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
      : Promise.resolve();
}

/** Resolves when a log line with this message has been written. */
export async function logged(federation: TestFederation, text: string): Promise<void> {
  while (!federation.logLines.some((line) => line.includes(text))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
