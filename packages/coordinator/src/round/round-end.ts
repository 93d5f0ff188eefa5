import type { EventBody } from '../federation/federation-event.ts';
import type { FederationState } from '../federation/federation-state.ts';
import { quarantines } from '../federation/quarantine.ts';
import type { RoundAction } from './round-input.ts';
import type { RoundState } from './round-state.ts';
import { transcriptsOf } from './transcripts.ts';

/** Longest reason that a message may carry, characters. */
const REASON_LENGTH = 2000;

export type RoundEnd = Extract<RoundAction, { kind: 'close' }>;

export function shortened(end: RoundEnd): RoundEnd {
  return { ...end, reason: end.reason.slice(0, REASON_LENGTH) };
}

/** What the end of a round writes: the release that an accepted candidate becomes, and whom the round left under suspicion. */
export function endingEvents(
  state: FederationState,
  { id: roundId, number }: RoundState,
  { outcome, reason, difference }: RoundEnd,
): readonly EventBody[] {
  const closed: EventBody = { kind: 'round-closed', roundId, outcome, reason, difference };
  const suspects = quarantines(state);
  const round = state.rounds.find(({ id }) => id === roundId);
  if (outcome !== 'accepted' || state.release === null || round?.candidate == null) return [closed, ...suspects];
  const { candidate: hash, moments, survivors } = round;
  const sum = round.evidence?.sum ?? null;
  const transcripts = transcriptsOf(round.evidence);
  const release = { number: state.release.number + 1, hash, round: number, sum, survivors, transcripts, moments };
  return [{ kind: 'release-made', ...release }, closed, ...suspects];
}
