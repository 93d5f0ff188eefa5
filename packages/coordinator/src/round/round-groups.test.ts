import { parseSiteId } from '@noren/protocol';
import type { SiteId } from '@noren/protocol';
import { expect, test } from 'vitest';

import { hash, Play } from '../testing/round-play.ts';
import { RETURN_TIME } from './round-machine.ts';
import { effectiveDeadline } from './round-state.ts';
import type { RoundRules } from './round-state.ts';

const SITES: readonly SiteId[] = Array.from({ length: 16 }, (_, index) => parseSiteId(`shop-${index + 10}`));
const groupedRules: Partial<RoundRules> = {
  grouping: { seed: new Uint8Array(32).fill(3), round: 7, groupSize: 4, registered: null },
  minimumSites: 8,
  minimumGroups: 2,
  quorum: 0.4,
};

/** Sixteen sites whose keys are exchanged, in four groups of four, each with a threshold of three. */
function relearning(change: Partial<RoundRules> = {}): { play: Play; groups: readonly (readonly SiteId[])[] } {
  const play = new Play(SITES, { ...groupedRules, ...change }).relearning(SITES);
  const groups = play.state.groups.map(({ sites }) => sites);
  expect(groups.map(({ length }) => length)).toEqual([4, 4, 4, 4]);
  return { play, groups };
}

const lost = (play: Play): (string | null)[] => play.state.groups.map((group) => group.lost);

test('a group is given up as soon as it cannot reach its threshold, and the others go on', () => {
  const { play, groups } = relearning();
  const [first = []] = groups;
  for (const site of first.slice(0, 2)) play.take({ kind: 'left', site, reason: 'withdrew' });
  expect(lost(play)).toEqual(['too few masked updates arrived: 0 of at least 3', null, null, null]);
  expect(play.did('abandon-group')).toMatchObject([{ group: 0 }]);
  expect(play.facts('round-dropped').map((fact) => (fact as { site: string }).site)).toEqual(
    expect.arrayContaining([...first]),
  );
  play.all('uploaded', groups.slice(1).flat());
  expect(play.state.step).toBe('confirmations');
  play.all('confirmed', groups.slice(1).flat());
  play.all('revealed', groups.slice(1).flat());
  expect(play.state.step).toBe('opening');
});

test('whoever answers in a group that was given up changes nothing, and still judges the candidate', () => {
  const { play, groups } = relearning();
  const [first = [], ...others] = groups;
  for (const site of first.slice(0, 2)) play.take({ kind: 'left', site, reason: 'withdrew' });
  const { state } = play;
  play.all('uploaded', first.slice(2));
  expect(play.state).toBe(state);
  const rest = others.flat();
  play.all('uploaded', rest).all('confirmed', rest).all('revealed', rest);
  play.take({ kind: 'opened', evidence: { sum: hash, weight: 1, clipped: 0, norm: 1, bytesUp: 0 } });
  play.take({ kind: 'candidate', hash, moments: null });
  expect(play.did('announce').at(-1)).toMatchObject({ sites: SITES.toSorted() });
});

test('at the deadline every group stands for itself, and a quorum is counted over all that were connected', () => {
  const upload = (counts: readonly number[], quorum: number): Play => {
    const { play, groups } = relearning({ quorum });
    groups.forEach((sites, index) => play.all('uploaded', sites.slice(0, counts[index])));
    return play.deadline();
  };
  const partial = upload([4, 3, 2, 3], 0.5);
  expect(lost(partial)).toEqual([null, null, 'too few masked updates arrived: 2 of at least 3', null]);
  expect(partial.state.step).toBe('confirmations');
  expect(upload([4, 3, 2, 3], 0.7).end).toMatchObject({
    outcome: 'failed',
    reason: 'too few masked updates arrived: 10 of at least 12',
  });
});

test('a round with too few groups, or too few sites in them, fails and says so', () => {
  const few = relearning({ minimumGroups: 3 });
  few.groups.forEach((sites, index) => few.play.all('uploaded', sites.slice(0, index < 2 ? 4 : 1)));
  expect(few.play.deadline().end).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(
      /^too few groups can still be summed: 2 of at least 3\. Of the last: .* 1 of/,
    ) as unknown,
  });
  const small = relearning({ minimumSites: 9 });
  small.groups.forEach((sites, index) => small.play.all('uploaded', sites.slice(0, index < 2 ? 4 : 1)));
  expect(small.play.deadline().end).toMatchObject({
    outcome: 'failed',
    reason: 'too few masked updates arrived: 8 of at least 9',
  });
  const late = relearning({ minimumSites: 13 });
  late.play.all('uploaded', SITES).all('confirmed', SITES);
  late.groups.forEach((sites, index) => late.play.all('revealed', sites.slice(0, index < 3 ? 4 : 1)));
  expect(late.play.deadline().end).toMatchObject({
    outcome: 'failed',
    reason: 'too few sites are in the groups that can still be summed: 12 of at least 13',
  });
});

test('a group whose sites lost their connection waits for them alone; the others have until the deadline', () => {
  const { play, groups } = relearning();
  const [first = [], ...others] = groups;
  for (const site of first.slice(0, 2)) play.take({ kind: 'disconnected', site });
  expect(effectiveDeadline(play.state)).toBe(play.at + RETURN_TIME);
  play.all('uploaded', first.slice(2));
  play.deadline();
  expect(play.state.step).toBe('updates');
  expect(lost(play)).toEqual(['too few masked updates arrived: 2 of at least 3', null, null, null]);
  play.all('uploaded', others.flat());
  expect(play.state.step).toBe('confirmations');
});

test('every group has its own time to come back, from the moment it hangs', () => {
  const { play, groups } = relearning();
  const [first = [], second = [], ...others] = groups;
  for (const site of first.slice(0, 2)) play.take({ kind: 'disconnected', site });
  play.at += RETURN_TIME - 1000;
  for (const site of second.slice(0, 2)) play.take({ kind: 'disconnected', site });
  for (const site of first.slice(0, 2)) play.take({ kind: 'connected', site });
  play.deadline();
  expect(lost(play)).toEqual([null, 'too few masked updates arrived: 0 of at least 3', null, null]);
  expect(play.did('abandon-group')).toHaveLength(1);
  expect(play.at).toBe(1_000_000 + 2 * RETURN_TIME - 1000);
  const rest = [...first, ...others.flat()];
  play.all('uploaded', rest).all('confirmed', rest).all('revealed', rest);
  expect(play.state.step).toBe('opening');
});

test('a round that hangs on lost sites although none of its groups does ends after the time to come back', () => {
  const { play, groups } = relearning({ minimumSites: 13 });
  for (const [site] of groups) if (site !== undefined) play.take({ kind: 'disconnected', site });
  expect(effectiveDeadline(play.state)).toBe(play.at + RETURN_TIME);
  expect(play.deadline().end).toMatchObject({ outcome: 'failed' });
});

test('a group that hangs does not end the round, however few are left in it', () => {
  const { play, groups } = relearning({ minimumSites: 4 });
  const [first = [], ...others] = groups;
  for (const site of first) play.take({ kind: 'disconnected', site });
  play.deadline();
  expect(lost(play)).toEqual(['too few masked updates arrived: 0 of at least 3', null, null, null]);
  expect(play.all('uploaded', others.flat()).state.step).toBe('confirmations');
});

test.each([7, 8])('%i sites are too few for three groups of four, and are told before they re-learn', (count) => {
  const few = SITES.slice(0, count);
  const play = new Play(few, { ...groupedRules, minimumSites: 3, minimumGroups: 3 }).all('accepted', few);
  expect(play.all('advertised', few).end).toMatchObject({
    outcome: 'failed',
    reason: `too few sites for the groups that are compared: they make ${Math.floor(count / 4)} of at least 3`,
  });
  expect(play.did('close-keys')).toEqual([]);
});

test('a group is lost in the unmasking too, and takes its survivors out of the round', () => {
  const { play, groups } = relearning();
  const [first = [], ...others] = groups;
  play.all('uploaded', SITES).all('confirmed', SITES);
  play.all('revealed', [...first.slice(0, 2), ...others.flat()]);
  play.deadline();
  expect(lost(play)).toEqual(['too few sites helped to open the sum: 2 of at least 3', null, null, null]);
  expect(play.state.step).toBe('opening');
});

test('a round in which too many of the roster’s sites are missing fails before any of its sites is asked to refuse', () => {
  const others = Array.from({ length: 184 }, (_, index) => parseSiteId(`away-${index + 100}`));
  const grouping = { seed: new Uint8Array(32).fill(3), round: 7, groupSize: null, registered: [...others, ...SITES] };
  const begin = (registered: readonly SiteId[]): Play =>
    new Play(SITES, { ...groupedRules, minimumGroups: 1, grouping: { ...grouping, registered } })
      .all('accepted', SITES)
      .all('advertised', SITES);
  const few = begin([...others, ...SITES]);
  expect(few.end).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(/^too few sites of the registrar’s roster sent their keys: 16 of 200\./) as unknown,
  });
  expect(few.did('close-keys')).toEqual([]);
  expect(begin(SITES).state.step).toBe('shares');
});

test('no sum has fewer sites than a private plan counts on, however small its threshold', () => {
  const { play, groups } = relearning({ minimumSurvivors: 4 });
  groups.forEach((sites, index) => play.all('uploaded', sites.slice(0, index === 1 ? 3 : 4)));
  play.deadline();
  expect(lost(play)).toEqual([null, 'too few masked updates arrived: 3 of at least 4', null, null]);
});
