import { defaultTraining } from '@noren/protocol';
import type { Hash, RoundId } from '@noren/protocol';
import { expect, test } from 'vitest';

import type { EventBody } from './federation-event.ts';
import { EMPTY_FEDERATION, foldEvent } from './federation-state.ts';
import type { FederationState } from './federation-state.ts';

const hash = 'a'.repeat(64) as Hash;

function after(state: FederationState, ...bodies: readonly EventBody[]): FederationState {
  return bodies.reduce((now, body) => foldEvent(now, { sequence: now.sequence + 1, at: 0, body }), state);
}

const adopted: EventBody = { kind: 'plan-adopted', template: defaultTraining('private', {}), vectorLength: 4 };

function planned(number: number): EventBody {
  return { kind: 'round-planned', roundId: `round-${number}` as RoundId, number, plan: hash, planHash: hash };
}

function opened(number: number, clipNorm: number): EventBody {
  const evidence = { sum: hash, weight: 3, clipped: 0, norm: 1, bytesUp: 9, clipping: { unclipped: 0.6, clipNorm } };
  return { kind: 'round-aggregated', roundId: `round-${number}` as RoundId, ...evidence };
}

function closed(number: number, outcome: 'accepted' | 'failed'): EventBody {
  return { kind: 'round-closed', roundId: `round-${number}` as RoundId, outcome, reason: '', difference: null };
}

test('the clip norm is where the last opened sum took it, whatever became of its round or of later ones', () => {
  const first = after(EMPTY_FEDERATION, adopted, planned(1), opened(1, 0.09), closed(1, 'accepted'));
  expect(first.clipNorm).toBe(0.09);
  expect(first.rounds[0]?.evidence).toMatchObject({ sum: hash, clipping: { unclipped: 0.6, clipNorm: 0.09 } });
  // The sum was opened and the round failed afterwards: the count is known and paid for.
  const second = after(first, planned(2), opened(2, 0.08), closed(2, 'failed'));
  expect(second.clipNorm).toBe(0.08);
  // No sum was opened.
  expect(after(second, planned(3), closed(3, 'failed')).clipNorm).toBe(0.08);
});

test('a plan that is adopted begins with its own clip norm', () => {
  const moved = after(EMPTY_FEDERATION, adopted, planned(1), opened(1, 0.09), closed(1, 'accepted'));
  expect(after(moved, adopted).clipNorm).toBeNull();
});

test('a tree goes on from the last round whose sum was opened, and a plan begins with none', () => {
  const tree = 'ab'.repeat(16);
  const inTree = (number: number, leaf: number, name = tree): EventBody =>
    ({ ...planned(number), tree: { tree: name, leaf } }) as EventBody;
  const first = after(EMPTY_FEDERATION, adopted, inTree(1, 1), opened(1, 1), closed(1, 'accepted'));
  expect(first.tree).toEqual({ tree, leaf: 1, opened: 1 });
  // Its leaf is gone, its noise was never seen.
  const second = after(first, inTree(2, 2), closed(2, 'failed'));
  expect(second.tree).toEqual({ tree, leaf: 2, opened: 1 });
  const third = after(second, inTree(3, 3), opened(3, 1), closed(3, 'failed'));
  expect(third.tree).toEqual({ tree, leaf: 3, opened: 3 });
  expect(after(third, inTree(4, 1, 'cd'.repeat(16))).tree).toEqual({ tree: 'cd'.repeat(16), leaf: 1, opened: 0 });
  expect(after(third, adopted).tree).toBeNull();
});
