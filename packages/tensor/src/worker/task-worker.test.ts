import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, onTestFinished, test } from 'vitest';

import type { TaskForTests } from '../testing/workers/task-for-tests.ts';
import { runInWorker, serveTask, TaskWorker, type TaskWorkerOptions } from './index.ts';

const entry = new URL('../testing/workers/task-for-tests.mjs', import.meta.url);

function worker(options: TaskWorkerOptions = {}): TaskWorker<TaskForTests> {
  const started = new TaskWorker<TaskForTests>(entry, options);
  onTestFinished(() => started.close());
  return started;
}

async function thread(of: TaskWorker<TaskForTests>): Promise<number> {
  return (await of.run({ kind: 'answer' })).thread;
}

describe('a training in a worker', () => {
  test('reports every step while the event loop of its owner goes on turning', async () => {
    const ticks = new Int32Array(new SharedArrayBuffer(4));
    const clock = setInterval(() => {
      Atomics.add(ticks, 0, 1);
      Atomics.notify(ticks, 0);
    }, 1);
    onTestFinished(() => clearInterval(clock));
    const losses: number[] = [];
    await runInWorker<TaskForTests>(
      entry,
      { kind: 'train', steps: 12, ticks },
      { onProgress: ({ loss }) => losses.push(loss) },
    );
    expect(losses).toHaveLength(12);
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
    expect(Atomics.load(ticks, 0)).toBeGreaterThanOrEqual(12);
  });

  test('ends at the next step once it is stopped', async () => {
    const stopping = new AbortController();
    const seen: number[] = [];
    const training = runInWorker<TaskForTests>(
      entry,
      { kind: 'train', steps: 1_000_000 },
      {
        signal: stopping.signal,
        stopWithin: 60_000,
        onProgress: ({ step }) => {
          seen.push(step);
          if (step === 5) stopping.abort();
        },
      },
    );
    await expect(training).rejects.toMatchObject({ code: 'cancelled' });
    expect(seen.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test.runIf(process.platform === 'linux')('computes on as many threads as it is given', async () => {
    const brought = async (threads: number): Promise<number> =>
      (await worker({ threads }).run({ kind: 'threads of the process' })).count ?? Number.NaN;
    expect(await brought(1)).toBe(0);
    // The thread itself computes too. A training has up to two sessions, which run in turn, each with threads of its own.
    expect([3, 6]).toContain(await brought(4));
  });
});

describe('arrays', () => {
  const data = (): Float32Array<ArrayBuffer> => Float32Array.of(1, 2, 3);

  test('are copied on the way in', async () => {
    const sent = data();
    expect((await worker().run({ kind: 'double', data: sent })).data).toEqual(Float32Array.of(2, 4, 6));
    expect(sent).toEqual(data());
  });

  test('are moved when the owner gives them away', async () => {
    const sent = data();
    const result = await worker().run({ kind: 'double', data: sent }, { moveInput: true });
    expect(result.data).toEqual(Float32Array.of(2, 4, 6));
    expect(sent.buffer.byteLength).toBe(0);
  });
});

describe('the thread', () => {
  test('serves one task after another, and only one at a time', async () => {
    const one = worker();
    const first = await thread(one);
    const running = one.run({ kind: 'answer' });
    await expect(one.run({ kind: 'answer' })).rejects.toMatchObject({ code: 'busy' });
    expect((await running).thread).toBe(first);
  });

  test.each([
    ['crash', 'TypeError: somewhere else'],
    ['exit', 'exit code 3'],
  ] as const)('that dies (%s) fails its task, and the next task gets another', async (kind, what) => {
    const one = worker();
    const before = await thread(one);
    await expect(one.run({ kind })).rejects.toMatchObject({
      code: 'worker-failed',
      message: `The worker thread stopped in the middle of its task (${what}).`,
    });
    expect(await thread(one)).not.toBe(before);
  });

  test('that outgrows its memory fails its task and nothing else', async () => {
    const one = worker({ memoryMegabytes: 64 });
    await expect(one.run({ kind: 'hoard' })).rejects.toMatchObject({
      code: 'out-of-memory',
      message: expect.stringMatching(/its 64 MB of JavaScript heap/),
    });
    await expect(thread(one)).resolves.toBeGreaterThan(0);
  });

  test('that does not notice the stop is ended', async () => {
    const one = worker({ stopWithin: 20 });
    const before = await thread(one);
    const stopping = new AbortController();
    const task = one.run({ kind: 'deaf' }, { signal: stopping.signal });
    stopping.abort();
    await expect(task).rejects.toMatchObject({ code: 'cancelled' });
    expect(await thread(one)).not.toBe(before);
  });

  test('that is ended in the middle of a native step does not take the process with it', async () => {
    for (let round = 0; round < 2; round++) {
      const one = worker();
      let stepped = (): void => undefined;
      const first = new Promise<void>((resolve) => (stepped = resolve));
      const task = one.run({ kind: 'train', steps: 1_000_000, heavy: true }, { onProgress: () => stepped() });
      const outcome = expect(task).rejects.toMatchObject({ code: 'cancelled' });
      await first;
      // By then the thread is in the next step.
      await sleep(5);
      await one.close();
      await outcome;
    }
  });

  test('ends when idle, and a later task starts another', async () => {
    const one = worker({ idleAfter: 1 });
    const before = await thread(one);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await thread(one)).not.toBe(before);
  });
});

describe('a task', () => {
  test('stopped while it waits ends at once and keeps its thread', async () => {
    const one = worker();
    const stopping = new AbortController();
    const task = one.run({ kind: 'wait' }, { signal: stopping.signal, onProgress: () => stopping.abort() });
    await expect(task).rejects.toMatchObject({ code: 'cancelled' });
    await expect(one.run({ kind: 'answer' }, { signal: stopping.signal })).rejects.toMatchObject({ code: 'cancelled' });
    await expect(thread(one)).resolves.toBeGreaterThan(0);
  });

  test('that never awaits is stopped where it reports progress', async () => {
    const one = worker({ stopWithin: 60_000 });
    const stopping = new AbortController();
    const task = one.run({ kind: 'breathless' }, { signal: stopping.signal, onProgress: () => stopping.abort() });
    await expect(task).rejects.toMatchObject({ code: 'cancelled' });
  });

  test.each([
    ['refuse', 'not-finite', /^The loss is NaN\.$/],
    ['fail', 'task-failed', /\(RangeError\): row 3/],
    ['serve again', 'invalid-spec', /serves a task already/],
    ['unsendable', 'task-failed', /could not be cloned/],
  ] as const)('that throws (%s) rejects with the code %s', async (kind, code, message) => {
    await expect(worker().run({ kind })).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('is not served in the main thread', () => {
    expect(() => serveTask(() => Promise.resolve())).toThrow(/entry of a worker thread/);
  });

  test('is refused an input that cannot be sent', async () => {
    const input = { kind: 'double', data: (() => 0) as unknown as Float32Array } as const;
    await expect(worker().run(input)).rejects.toMatchObject({ code: 'invalid-input' });
  });
});
