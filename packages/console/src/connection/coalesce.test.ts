import { expect, test } from 'vitest';

import { clockOffset } from './clock.ts';
import { coalesce } from './coalesce.ts';
import { retryDelay } from './live-events.ts';

/** A task whose every run waits until the test lets it end. */
function heldTask(): { start: () => Promise<void>; runs: () => number; end: (failure?: Error) => Promise<void> } {
  let runs = 0;
  let settle: (failure?: Error) => void = () => undefined;
  return {
    start: () => {
      runs += 1;
      return new Promise((resolve, reject) => {
        settle = (failure) => {
          if (failure === undefined) resolve();
          else reject(failure);
        };
      });
    },
    runs: () => runs,
    async end(failure) {
      settle(failure);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };
}

test('calls during a run lead to one more run, which starts after the last call', async () => {
  const task = heldTask();
  const call = coalesce(task.start);
  call();
  call();
  call();
  expect(task.runs()).toBe(1);
  await task.end();
  expect(task.runs()).toBe(2);
  await task.end();
  expect(task.runs()).toBe(2);
});

test('a run that fails does not stop the next', async () => {
  const task = heldTask();
  const call = coalesce(task.start);
  call();
  await task.end(new Error('gone'));
  call();
  expect(task.runs()).toBe(2);
});

test('the event stream is retried later and later, but never later than fifteen seconds', () => {
  expect(retryDelay(0, 0)).toBe(500);
  expect(retryDelay(1, 0)).toBe(1000);
  expect(retryDelay(40, 0.999)).toBeLessThanOrEqual(15_000);
  expect(retryDelay(40, 0)).toBe(7500);
});

test('a wrong desk clock is corrected, the way of the answer is not taken for one', () => {
  const received = Date.parse('2026-11-24T02:41:20.000Z');
  expect(clockOffset('2026-11-24T02:41:18.500Z', received)).toBe(0);
  expect(clockOffset('2026-11-24T02:46:20.300Z', received)).toBe(300_000);
  expect(clockOffset('2026-11-24T02:40:20.000Z', received)).toBe(-60_000);
});
