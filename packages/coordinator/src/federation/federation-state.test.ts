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
