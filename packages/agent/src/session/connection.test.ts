import { array, assert, constantFrom, double, property } from 'fast-check';
import { expect, test } from 'vitest';
import { beforeFirstConnection, nextConnection, type ConnectionEvent, type ConnectionState } from './connection.ts';

const limits = { firstDelay: 1, longestDelay: 60 };

function after(events: ConnectionEvent['kind'][], random = 0): ConnectionState {
  return events.reduce<ConnectionState>(
    (state, kind) => nextConnection(state, { kind }, limits, () => random),
    beforeFirstConnection,
  );
}

test('waits double and end at the longest', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => {
    const state = after(
      Array.from({ length: failures }, () => ['lost', 'waited'] as const)
        .flat()
        .slice(0, -1),
      0.999999,
    );
    return state.kind === 'waiting' ? Math.round(state.delay) : null;
  });
  expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
});

test('half of a wait is random', () => {
  expect(after(['lost'], 0)).toMatchObject({ delay: 0.5 });
  expect(after(['lost'], 0.5)).toMatchObject({ delay: 0.75 });
});

test('a coordinator that greets and hangs up is not hammered: only a steady connection forgets failures', () => {
  expect(after(['lost', 'waited', 'welcomed', 'lost'])).toMatchObject({ failures: 2, delay: 1 });
  expect(after(['lost', 'waited', 'welcomed', 'steady', 'lost'])).toMatchObject({ failures: 1, delay: 0.5 });
});

test('after a stop nothing starts again', () => {
  expect(after(['stop', 'lost', 'waited', 'welcomed'])).toEqual({ kind: 'stopped' });
});

test('whatever happens, a wait is within the limits', () => {
  const events = array(constantFrom('welcomed', 'steady', 'lost', 'waited'), { maxLength: 60 });
  assert(
    property(events, double({ min: 0, max: 0.999, noNaN: true }), (kinds, random) => {
      const state = after(kinds, random);
      if (state.kind !== 'waiting') return;
      expect(state.delay).toBeGreaterThanOrEqual(0.5);
      expect(state.delay).toBeLessThanOrEqual(60);
    }),
  );
});

test('a site that was refused waits the longest', () => {
  const state = nextConnection(beforeFirstConnection, { kind: 'lost', refused: true }, limits, () => 0);
  expect(state).toMatchObject({ kind: 'waiting', delay: 30 });
});
