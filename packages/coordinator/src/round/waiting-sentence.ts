import { floorOf } from './round-groups.ts';
import { earliestReturn, tally } from './round-state.ts';
import type { Member, RoundState, Step } from './round-state.ts';

/** Names listed before the sentence says "and n more". */
const NAMES = 5;

/** What the round waits for, in one plain English sentence; null while planned and after the end. */
export function waitingSentence(state: RoundState): string | null {
  const { step } = state;
  if (step === null) return null;
  if (step === 'opening') return 'Opening the sum of the masked updates.';
  if (step === 'candidate') return 'Checking the sum and writing the candidate.';
  const { answered, waiting, away } = tally(state);
  const total = answered.length + waiting.length + away.length;
  const still = waiting.length > 0 ? ` from ${names(waiting)}` : '';
  const waitingFor = `Waiting for ${WHAT[step]}${still}: ${answered.length} of ${total} are in, ${floorOf(state)} needed.`;
  const sentence = `${waitingFor}${restarted(state)}`;
  if (away.length === 0) return sentence;
  const lost = `${names(away)} lost the connection`;
  const by = earliestReturn(state);
  return by === null ? `${sentence} ${lost}.` : `${sentence} ${lost}; the round needs it back by ${clockTime(by)}.`;
}

function restarted({ returning, members }: RoundState): string {
  if (returning === null) return '';
  const sites = [...returning.sites].flatMap((site) => members.get(site) ?? []);
  return ` The coordinator restarted; ${names(sites)} can come back until ${clockTime(returning.by)}.`;
}

const WHAT: Readonly<Record<Exclude<Step, 'opening' | 'candidate'>, string>> = {
  replies: 'answers to the offer',
  advertisements: 'keys',
  shares: 'key shares',
  updates: 'masked updates',
  confirmations: 'signatures of who survived',
  reveals: 'shares that open the sum',
  reports: 'evaluation reports',
};

function names(members: readonly Member[]): string {
  const sites = members.map(({ site }) => site).toSorted();
  const shown = sites.slice(0, NAMES).join(', ');
  return sites.length > NAMES ? `${shown} and ${sites.length - NAMES} more` : shown;
}

function clockTime(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)} UTC`;
}
