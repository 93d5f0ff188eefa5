import type { SiteId } from '@noren/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { akita, answerTo, Play, SITES } from '../testing/round-play.ts';
import type { RoundInput } from './round-input.ts';
import { effectiveDeadline } from './round-state.ts';
import type { RoundState } from './round-state.ts';
import { waitingSentence } from './waiting-sentence.ts';

describe('whatever happens in whatever order', () => {
  const NOISE = ['accepted', 'advertised', 'shared', 'uploading', 'uploaded', 'confirmed', 'revealed'] as const;
  /** Most of the time the answer the step waits for, so that stories get far; else anything at all. */
  function inputFor(state: RoundState, { site, roll }: { site: SiteId; roll: number }): RoundInput {
    if (roll < 80) return state.step === null ? { kind: 'tick' } : answerTo(state.step, site);
    if (roll < 84) return { kind: 'disconnected', site };
    if (roll < 88) return { kind: 'connected', site };
    if (roll < 89) return { kind: site === akita ? 'excluded' : 'left', site, reason: 'left' };
    if (roll < 90) return { kind: 'refused', site, reason: 'no' };
    if (roll < 91) return { kind: 'tick' };
    if (roll < 92) return { kind: 'resumed' };
    return { kind: NOISE[roll % NOISE.length] ?? 'shared', site };
  }
  const beat = fc.record({
    site: fc.constantFrom(...SITES),
    roll: fc.integer({ min: 0, max: 99 }),
    pause: fc.integer({ min: 0, max: 3000 }),
  });
  const story = fc.array(beat, { maxLength: 150, size: 'max' });

  test('the round waits for a stated time or has ended, and ticks alone end it', () => {
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(story, (beats) => {
        const play = new Play();
        for (const next of beats) {
          play.at += next.pause;
          play.take(inputFor(play.state, next));
          const ended = ['accepted', 'rejected', 'failed'].includes(play.state.phase);
          const silent = effectiveDeadline(play.state) === null && waitingSentence(play.state) === null;
          if (silent !== ended) throw new Error(`${play.state.phase} at step ${play.state.step} waits for nothing`);
        }
        for (let ticks = 0; ticks < 10; ticks++) play.deadline();
        expect(play.did('close')).toHaveLength(1);
        expect(play.state.step).toBeNull();
        outcomes.add(play.state.phase);
      }),
      { numRuns: 300 },
    );
    expect([...outcomes]).toEqual(expect.arrayContaining(['accepted', 'failed']));
  });

  test('no sum is opened with fewer sites than the plan and the threshold ask for', () => {
    let opened = 0;
    fc.assert(
      fc.property(story, (beats) => {
        const play = new Play();
        for (const next of beats) play.take(inputFor(play.state, next));
        if (play.did('open-sum').length === 0) return;
        opened += 1;
        const uploaded = [...play.state.members.values()].filter(({ stage }) => stage === 'uploaded');
        const revealed = uploaded.filter((member) => member.revealed);
        expect(uploaded.length).toBeGreaterThanOrEqual(play.state.groups[0]?.parameters.minimumSurvivors ?? Infinity);
        const confirmed = uploaded.filter((member) => member.confirmed);
        if (play.state.groups[0]?.parameters.mode === 'active') {
          expect(confirmed.length).toBeGreaterThanOrEqual(play.state.groups[0].parameters.threshold);
        }
        expect(revealed.length).toBeGreaterThanOrEqual(play.state.groups[0]?.parameters.threshold ?? Infinity);
      }),
      { numRuns: 300 },
    );
    expect(opened).toBeGreaterThan(50);
  });
});
