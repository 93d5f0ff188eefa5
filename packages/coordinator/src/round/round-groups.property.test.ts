import { parseSiteId } from '@noren/protocol';
import type { SiteId } from '@noren/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { answerTo, Play } from '../testing/round-play.ts';
import type { RoundAction, RoundInput } from './round-input.ts';
import { effectiveDeadline, isAwaited, reached } from './round-state.ts';
import type { Member, RoundRules, RoundState, Step } from './round-state.ts';

const SITES: readonly SiteId[] = Array.from({ length: 17 }, (_, index) => parseSiteId(`shop-${index + 10}`));
const MASKING: readonly Step[] = ['shares', 'updates', 'confirmations', 'reveals'];

const rules = fc.record({
  grouping: fc
    .integer({ min: 0, max: 255 })
    .map((fill) => ({ seed: new Uint8Array(32).fill(fill), round: 7, groupSize: 4, registered: null })),
  // Also more than the groups' own floors add up to, so that the round can hang where no group does.
  minimumSites: fc.oneof({ weight: 2, arbitrary: fc.integer({ min: 3, max: 12 }) }, fc.constantFrom(14, 15, 16)),
  minimumSurvivors: fc.constantFrom(0, 0, 4),
  minimumGroups: fc.integer({ min: 1, max: 3 }),
  quorum: fc.constantFrom(0.2, 0.5, 1),
});

const anySites = fc.integer({ min: 1, max: 2 ** SITES.length - 1 });
/** What happens to the sites of the mask, one after the other. */
const beat = fc.record({
  mask: fc.tuple(anySites, anySites).map(([some, others]) => some | others),
  roll: fc.integer({ min: 0, max: 99 }),
  pause: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 2000 }) }, fc.integer({ min: 0, max: 130_000 })),
});
const story = fc.record({ rules, beats: fc.array(beat, { maxLength: 80, size: 'max' }) });
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

function inputsOf({ step }: RoundState, { mask, roll }: { mask: number; roll: number }): readonly RoundInput[] {
  const sites = SITES.filter((_, index) => (mask >> index) % 2 === 1);
  const few = sites.slice(0, 3);
  if (roll < 70) return step === null ? [] : sites.map((site) => answerTo(step, site));
  if (roll < 78) return few.map((site) => ({ kind: 'disconnected', site }));
  if (roll < 88) return sites.map((site) => ({ kind: 'connected', site }));
  if (roll < 90)
    return few.slice(0, 2).map((site) => ({ kind: roll % 2 === 0 ? 'left' : 'excluded', site, reason: 'left' }));
  if (roll < 92) return [{ kind: 'resumed' }];
  if (roll < 95) return MASKING.flatMap((other) => few.map((site) => answerTo(other, site)));
  return [{ kind: 'tick' }];
}

/** Plays the story and then lets time pass; `watch` is called after every input, with what it led to. */
function played(
  { rules: change, beats }: Story,
  watch: (play: Play, actions: readonly RoundAction[]) => void = () => undefined,
): Play {
  const play = new Play(SITES, change as Partial<RoundRules>);
  const take = (input: RoundInput): void => {
    const before = play.actions.length;
    play.take(input);
    watch(play, play.actions.slice(before));
  };
  for (const next of beats) {
    play.at = Math.min(play.at + next.pause, effectiveDeadline(play.state) ?? Infinity);
    if (effectiveDeadline(play.state) === play.at) take({ kind: 'tick' });
    for (const input of inputsOf(play.state, next)) take(input);
  }
  // Every deadline ends a step or gives up a group, and no step has two times to come back for one group.
  for (let ticks = 0; play.state.step !== null && ticks < 30; ticks++) {
    play.at = effectiveDeadline(play.state) ?? play.at;
    take({ kind: 'tick' });
  }
  return play;
}

const isLost = ({ groups }: RoundState, site: SiteId): boolean =>
  groups.some(({ sites, lost }) => lost !== null && sites.includes(site));

test('a tick leaves nothing that was due undone, and ticks alone end the round', () => {
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(story, (told) => {
      const play = played(told, ({ state, at }) => {
        const due = effectiveDeadline(state);
        if (state.step !== null && due === null) throw new Error(`step ${state.step} waits for ever`);
        // Else the driver would tick without a pause.
        if (due !== null && due <= at && state.step !== null) {
          const again = new Play([], {});
          again.state = state;
          again.at = at;
          again.take({ kind: 'tick' });
          const next = effectiveDeadline(again.state);
          if (next !== null && next <= at)
            throw new Error(`a tick in step ${state.step} is followed by another at once`);
        }
      });
      expect(play.state.step).toBeNull();
      expect(play.did('close')).toHaveLength(1);
      const lostSome = play.state.groups.some(({ lost }) => lost !== null);
      const key = `${play.state.phase}${lostSome ? ' without a group' : ''}`;
      outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
    }),
    { numRuns: 1000 },
  );
  // The stories get as far as there is to get.
  expect([...outcomes.keys()]).toEqual(
    expect.arrayContaining(['accepted', 'accepted without a group', 'failed', 'failed without a group']),
  );
});

test('no group’s sum is opened with fewer sites than its threshold and the plan ask for', () => {
  let opened = 0;
  fc.assert(
    fc.property(story, (told) => {
      played(told, ({ state }, actions) => {
        if (!actions.some(({ kind }) => kind === 'open-sum') || state.step !== 'opening') return;
        opened += 1;
        const live = state.groups.filter(({ lost }) => lost === null);
        expect(live.length).toBeGreaterThanOrEqual(state.rules.minimumGroups);
        let survivors = 0;
        for (const { sites, parameters } of live) {
          const count = (has: (member: Member) => boolean): number =>
            sites.filter((site) => has(state.members.get(site) as Member)).length;
          const uploaded = count((member) => reached(member, 'uploaded'));
          const least = Math.max(parameters.minimumSurvivors, state.rules.minimumSurvivors);
          expect(uploaded).toBeGreaterThanOrEqual(least);
          if (parameters.mode === 'active') {
            expect(count(({ confirmed }) => confirmed)).toBeGreaterThanOrEqual(parameters.threshold);
          }
          expect(count(({ revealed }) => revealed)).toBeGreaterThanOrEqual(parameters.threshold);
          survivors += uploaded;
        }
        expect(survivors).toBeGreaterThanOrEqual(state.rules.minimumSites);
      });
    }),
    { numRuns: 300 },
  );
  expect(opened).toBeGreaterThan(20);
});

test('of a group that was given up nobody is asked, waited for or said to have survived', () => {
  let lostGroups = 0;
  fc.assert(
    fc.property(story, (told) => {
      const abandoned = new Set<number>();
      played(told, ({ state }, actions) => {
        for (const action of actions) {
          if (action.kind === 'abandon-group') {
            expect(abandoned.has(action.group), 'given up once').toBe(false);
            abandoned.add(action.group);
          }
          if (action.kind === 'remind' && state.step !== 'reports') expect(isLost(state, action.site)).toBe(false);
          if (action.kind === 'record' && action.fact.kind === 'round-advanced' && action.fact.phase === 'unmasking') {
            // A group that all have left may be given up right after.
            const gone = new Set([...abandoned].flatMap((index) => state.groups[index]?.sites ?? []));
            expect(action.fact.sites.filter((site) => gone.has(site))).toEqual([]);
          }
        }
        const lost = state.groups.filter((group) => group.lost !== null);
        if (lost.length !== abandoned.size) throw new Error('a group is lost and the masking goes on with it');
        for (const { lost, sites } of state.groups) {
          if (lost === null) continue;
          const awaited = sites.filter((site) => MASKING.some((step) => isAwaited(state, site, step)));
          if (awaited.length > 0) throw new Error(`a lost group's ${awaited.join(', ')} are waited for`);
        }
      });
      lostGroups += abandoned.size;
    }),
    { numRuns: 200 },
  );
  expect(lostGroups).toBeGreaterThan(50);
});
