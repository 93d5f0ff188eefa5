import { setTimeout as sleep } from 'node:timers/promises';

import { federationViewSchema, type FederationView, type RoundView } from '@noren/protocol/console';

import type { RunningNoren } from './noren-process.ts';

/** Follows the console's API until the condition holds; fails with what the processes printed. */
export async function until<T>(
  consolePort: number,
  condition: (view: FederationView) => T | undefined,
  o: { readonly what: string; readonly seconds: number; readonly processes: readonly RunningNoren[] },
): Promise<T> {
  const deadline = Date.now() + o.seconds * 1000;
  let last: FederationView | undefined;
  while (Date.now() < deadline) {
    last = await federation(consolePort);
    const found = last === undefined ? undefined : condition(last);
    if (found !== undefined) return found;
    await sleep(100);
  }
  const printed = o.processes.map((process) => process.output()).join('\n---\n');
  throw new Error(
    `not seen in ${o.seconds} s: ${o.what}\n${JSON.stringify(last?.running ?? last?.rounds[0], null, 1)}\n${printed}`,
  );
}

export function endedRound(number: number): (view: FederationView) => RoundView | undefined {
  return (view) => view.rounds.find((round) => round.number === number && round.outcome !== null);
}

async function federation(port: number): Promise<FederationView | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/api/federation`);
    return federationViewSchema.parse(await response.json());
  } catch (error) {
    // Not listening yet, or just killed.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
