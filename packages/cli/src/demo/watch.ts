import { setTimeout as sleep } from 'node:timers/promises';

import type { FederationView, RoundView } from '@noren/protocol/console';

import type { ConsoleClient } from '../console-client.ts';
import type { Phrases } from '../language/phrases.ts';
import { bytesText, secondsText } from '../terminal/quantity.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { federationTable } from './federation-table.ts';

const pollMs = 500;
/** A machine busy with forty sites' start may leave the console unanswered for a while. */
const patienceMs = 60_000;

/** Follows the federation: the running round on one line, then the table of each round that ended. */
export async function watchRounds(o: {
  readonly client: ConsoleClient;
  readonly terminal: Terminal;
  readonly phrases: Phrases;
  /** Rounds up to this number were shown before. */
  readonly after: number;
  /** Ends after this many accepted rounds; undefined goes on until the signal aborts. */
  readonly acceptedRounds: number | undefined;
  readonly signal: AbortSignal;
}): Promise<readonly RoundView[]> {
  const { client, terminal, phrases, signal } = o;
  const ended: RoundView[] = [];
  let shown = o.after;
  while (!signal.aborted) {
    const view = await patientView(client, signal);
    if (view === undefined) break;
    terminal.progress(progressLine(view, phrases));
    const fresh = view.rounds.filter((round) => round.outcome !== null && round.number > shown);
    for (const round of fresh.toSorted((a, b) => a.number - b.number)) {
      shown = round.number;
      ended.push(round);
      if (terminal.json) terminal.out(JSON.stringify(round));
      else showRound(view, round, terminal, phrases);
    }
    const accepted = ended.filter((round) => round.outcome === 'accepted').length;
    if (o.acceptedRounds !== undefined && accepted >= o.acceptedRounds) break;
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
  return ended;
}

/** The view, once the coordinator answers; undefined when this process is asked to stop meanwhile. */
async function patientView(client: ConsoleClient, signal: AbortSignal): Promise<FederationView | undefined> {
  const deadline = Date.now() + patienceMs;
  while (!signal.aborted) {
    try {
      return await client.federation(signal);
    } catch (error) {
      if (!signal.aborted && Date.now() > deadline) throw error;
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

function progressLine(view: FederationView, phrases: Phrases): string {
  if (view.running === null) return `  ${view.schedule.waiting ?? phrases.waiting}`;
  return phrases.roundLine(view.running.number, view.running.phase, view.running.waitingFor ?? '');
}

function showRound(view: FederationView, round: RoundView, terminal: Terminal, phrases: Phrases): void {
  if (round.outcome === null) return;
  const { colours } = terminal;
  const paint = { accepted: colours.green, rejected: colours.yellow, failed: colours.red }[round.outcome];
  const seconds = secondsText(Date.parse(round.endedAt ?? round.startedAt) - Date.parse(round.startedAt));
  terminal.say('');
  terminal.say(
    paint(
      phrases.roundEnded({
        round: round.number,
        outcome: round.outcome,
        seconds,
        survivors: round.survivors.length,
        cohort: round.cohort.length,
        bytesUp: bytesText(round.bytesUp),
      }),
    ),
  );
  if (round.reason !== null) terminal.say(phrases.roundReason(round.reason));
  if (round.gates.length === 0) return;
  terminal.out(federationTable(view, round, phrases));
  terminal.say(colours.dim(phrases.tableNote));
}
