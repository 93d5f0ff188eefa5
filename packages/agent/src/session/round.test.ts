import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextRound, type RoundAction, type RoundEvent, type RoundPhase, type RoundState } from './round.ts';

const roundId = 'round-1';
const roster = { roundId, advertisements: [], identityKeys: [], cohort: [] };
const delivery = { roundId, sharingSites: [0, 1, 2], shares: [] };
const survived = { roundId, survivors: [0, 1, 2, 3] };
const request = { ...survived, witnesses: [] };
const closing = { outcome: 'accepted', reason: '', releaseHash: 'd'.repeat(64), transcriptHash: null } as const;

const offer: RoundEvent = { kind: 'offer', roundId };
const accepted: RoundEvent = { kind: 'judged', roundId, accepted: true, reason: '' };
const course: readonly (readonly [RoundEvent, RoundPhase, RoundAction['do'][]])[] = [
  [offer, 'considering', ['judge']],
  [accepted, 'keys', ['join']],
  [{ kind: 'roster', roundId, roster }, 'sharing', ['share']],
  [{ kind: 'delivery', roundId, delivery }, 'relearning', ['relearn']],
  [{ kind: 'relearned', roundId }, 'masked', ['upload']],
  [{ kind: 'consistencyRequest', roundId, request: survived }, 'confirmed', ['confirm']],
  [{ kind: 'revealRequest', roundId, request }, 'revealed', ['reveal']],
  [{ kind: 'candidate', roundId, hash: 'e'.repeat(64), transcript: null }, 'evaluating', ['forget', 'evaluate']],
  [{ kind: 'evaluated', roundId }, 'reported', ['report']],
];
const events = course.map(([event]) => event);

function play(played: readonly RoundEvent[], start: RoundState = { phase: 'idle' }): RoundState {
  return played.reduce((state, event) => nextRound(state, event).state, start);
}

/** The state after the site has reached `phase` in the usual course. */
function reach(phase: RoundPhase): RoundState {
  const place = course.findIndex(([, reached]) => reached === phase);
  return play(events.slice(0, place + 1));
}

test('a round in its usual course', () => {
  let state: RoundState = { phase: 'idle' };
  for (const [event, phase, actions] of course) {
    const step = nextRound(state, event);
    expect(step.state).toEqual({ phase, roundId });
    expect(step.actions.map((action) => action.do)).toEqual(actions);
    ({ state } = step);
  }
  const end = nextRound(state, { kind: 'closed', roundId, closing });
  expect(end.state).toEqual({ phase: 'idle' });
  expect(end.actions).toEqual([
    { do: 'drop', roundId },
    { do: 'settle', closing },
  ]);
});

test('a refused plan leaves the site idle', () => {
  const step = nextRound(reach('considering'), { kind: 'judged', roundId, accepted: false, reason: 'too few sites' });
  expect(step).toEqual({ state: { phase: 'idle' }, actions: [{ do: 'refuse', reason: 'too few sites' }] });
});

describe('what does not fit is ignored and changes nothing', () => {
  test.each(['idle', ...course.map(([, phase]) => phase)] as const)('messages of another round in %s', (phase) => {
    const state = phase === 'idle' ? ({ phase } as const) : reach(phase);
    for (const event of events.slice(1)) {
      const step = nextRound(state, { ...event, roundId: 'round-0' });
      expect(step.state).toBe(state);
      expect(step.actions.map((action) => action.do)).toEqual(['ignore']);
    }
  });

  test('a second roster, delivery, list of survivors or reveal request', () => {
    for (const place of [2, 3, 5, 6]) {
      const event = events[place];
      if (event === undefined) throw new Error('the course is shorter than the test thinks');
      const step = nextRound(play(events.slice(0, place + 1)), event);
      expect(step.actions.map((action) => action.do)).toEqual(['ignore']);
    }
  });
});

test('a site that was away while the others signed still reveals, and then signs no other list', () => {
  const step = nextRound(reach('masked'), { kind: 'revealRequest', roundId, request });
  expect(step).toEqual({ state: { phase: 'revealed', roundId }, actions: [{ do: 'reveal', request }] });
  const late = nextRound(step.state, { kind: 'consistencyRequest', roundId, request: survived });
  expect(late.actions.map((action) => action.do)).toEqual(['ignore']);
});

test('a site that holds no secrets of the round any more says so when it is asked for them', () => {
  const bystander = { phase: 'bystander', roundId } as const;
  for (const place of [2, 3, 5, 6]) {
    const event = events[place];
    if (event === undefined) throw new Error('the course is shorter than the test thinks');
    expect(nextRound(bystander, event)).toEqual({
      state: bystander,
      actions: [{ do: 'withdraw', reason: 'this site no longer holds its secrets of this round' }],
    });
  }
});

test('a new offer ends a round whose end the site never heard', () => {
  const step = nextRound(reach('masked'), { kind: 'offer', roundId: 'round-2' });
  expect(step.state).toEqual({ phase: 'considering', roundId: 'round-2' });
  expect(step.actions).toEqual([{ do: 'drop', roundId }, { do: 'judge' }]);
});

test.each(['keys', 'sharing', 'relearning', 'masked', 'confirmed', 'revealed', 'evaluating'] as const)(
  'a failure in %s withdraws the site, which then never begins this round again',
  (phase) => {
    const step = nextRound(reach(phase), { kind: 'failed', roundId, reason: 'the disk is full' });
    expect(step.state).toEqual({ phase: 'bystander', roundId });
    expect(step.actions).toEqual([{ do: 'forget' }, { do: 'withdraw', reason: 'the disk is full' }]);
    expect(nextRound(step.state, offer).actions).toEqual([
      { do: 'refuse', reason: 'this site has already left this round' },
    ]);
  },
);

test.each(['keys', 'sharing', 'relearning', 'masked', 'confirmed', 'revealed', 'bystander'] as const)(
  'a candidate is judged even by a site in %s',
  (phase) => {
    const state = phase === 'bystander' ? ({ phase, roundId } as const) : reach(phase);
    const step = nextRound(state, { kind: 'candidate', roundId, hash: 'e'.repeat(64), transcript: null });
    expect(step.state).toEqual({ phase: 'evaluating', roundId });
    expect(step.actions).toContainEqual({ do: 'evaluate', candidate: 'e'.repeat(64), transcript: null });
  },
);

test('whatever arrives in whatever order, a site masks, reveals and joins at most once a round', () => {
  const any = constantFrom<RoundEvent>(
    ...events,
    { kind: 'judged', roundId, accepted: true, reason: '' },
    { kind: 'failed', roundId, reason: 'x' },
  );
  assert(
    property(array(any, { maxLength: 40 }), (played) => {
      const done = new Map<string, number>();
      let state: RoundState = { phase: 'idle' };
      for (const event of played) {
        const step = nextRound(state, event);
        ({ state } = step);
        for (const action of step.actions) done.set(action.do, (done.get(action.do) ?? 0) + 1);
      }
      for (const once of ['upload', 'confirm', 'reveal', 'share', 'join'])
        expect(done.get(once) ?? 0).toBeLessThanOrEqual(1);
    }),
  );
});
