import type { Phase, RoundView } from '@noren/protocol/console';

/**
 * Where a site stands in a round: `delivered` = its masked update is in, `judged` = it scored the candidate, `unfinished`
 * = the round ended before its update was in.
 */
export type Standing = 'working' | 'unfinished' | 'delivered' | 'judged' | 'dropped' | 'refused';

export interface Participant {
  readonly site: string;
  readonly standing: Standing;
  /** Only for dropped and refused sites. */
  readonly reason: string | null;
  /** Only for dropped sites. */
  readonly droppedAt: Phase | null;
}

/** Every site that answered the round's offer, by id. */
export function participants(round: RoundView): readonly Participant[] {
  const found = new Map<string, Participant>();
  const put = (
    site: string,
    standing: Standing,
    reason: string | null = null,
    droppedAt: Phase | null = null,
  ): void => {
    found.set(site, { site, standing, reason, droppedAt });
  };
  for (const site of round.cohort) put(site, round.outcome === null ? 'working' : 'unfinished');
  for (const site of round.survivors) put(site, 'delivered');
  // An update that came is there, though its group may be out of the result.
  for (const { survivors } of round.groups) for (const site of survivors) put(site, 'delivered');
  for (const { site } of round.gates) put(site, 'judged');
  for (const { site, at, reason } of round.dropped) put(site, 'dropped', reason, at);
  for (const { site, reason } of round.refused) put(site, 'refused', reason);
  return [...found.values()].sort((a, b) => (a.site < b.site ? -1 : 1));
}

/** Sites the running phase still waits for, by id. */
export function outstanding(round: RoundView): readonly string[] {
  const done: Standing = round.phase === 'evaluating' ? 'delivered' : 'working';
  return participants(round)
    .filter((participant) => participant.standing === done)
    .map((participant) => participant.site);
}
