import { siteSourceSchema } from '@noren/dataset';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../testing/folders.ts';
import { writeSiteData } from '../testing/site-data.ts';
import type { DataJob } from './trainer.ts';
import { WorkerTrainer, type WorkerTrainerOptions } from './worker-trainer.ts';

const module = new URL('../testing/workers/echo.mjs', import.meta.url);
// From sources, as everything in these tests; a built agent runs the compiled worker beside its own module.
const execArgv = ['--conditions', '@noren/source'];

function job(source: string): DataJob {
  return { source: source as unknown as DataJob['source'], base: '', cache: '' };
}

function trainer(options: WorkerTrainerOptions = {}): WorkerTrainer {
  const started = new WorkerTrainer({ module, execArgv, ...options });
  onTestFinished(() => started.close());
  return started;
}

/** The thread that answered. */
async function thread(of: WorkerTrainer): Promise<number> {
  return (await of.inspect(job('answer'))).customers;
}

test('tasks share one thread, which starts with the first', async () => {
  const one = trainer();
  expect(await thread(one)).toBe(await thread(one));
});

test.each([
  ['crash', 'TypeError'],
  ['exit', 'worker-failed'],
])('a worker that dies (%s) fails its task by name only, and the next task gets another', async (how, what) => {
  const one = trainer();
  const before = await thread(one);
  await expect(one.inspect(job(how))).rejects.toMatchObject({
    code: 'worker-failed',
    message: `the re-learning worker stopped (${what})`,
  });
  expect(await thread(one)).not.toBe(before);
});

test('a failed task keeps its details apart from its message', async () => {
  const failure = await trainer()
    .inspect(job('fail'))
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'data-unusable', message: 'row 3', cause: 'customer 4711' });
});

test('progress is passed on, and a stopped task ends', async () => {
  const stopping = new AbortController();
  const fractions: number[] = [];
  const task = trainer().inspect(job('wait'), {
    signal: stopping.signal,
    onProgress: (fraction) => {
      fractions.push(fraction);
      stopping.abort();
    },
  });
  await expect(task).rejects.toMatchObject({ code: 'cancelled' });
  expect(fractions).toEqual([0.25]);
});

test('a task that does not notice loses its worker', async () => {
  const one = trainer({ stopWithin: 20 });
  const before = await thread(one);
  const stopping = new AbortController();
  const task = one.inspect(job('deaf'), { signal: stopping.signal });
  setTimeout(() => stopping.abort(), 5);
  await expect(task).rejects.toMatchObject({ code: 'cancelled' });
  expect(await thread(one)).not.toBe(before);
});

test('the real worker reads a shop and reports what is wrong with it', async () => {
  const folder = temporaryFolder();
  const source = siteSourceSchema.parse(writeSiteData(folder, { seed: 1 }));
  const real = trainer({ module: new URL('../testing/workers/real.mjs', import.meta.url) });
  expect(await real.inspect({ source, base: folder, cache: folder })).toMatchObject({ customers: 48, items: 24 });
  const failing = real.inspect({
    source: { ...source, catalogue: { ...source.catalogue, file: 'none.csv' } },
    base: folder,
    cache: folder,
  });
  await expect(failing).rejects.toMatchObject({
    code: 'data-unusable',
    message: expect.stringMatching(/file-missing/),
  });
});

test('closing while a worker computes in the native runtime waits for its step, and a later task finds another', async () => {
  const one = trainer({ module: new URL('../testing/workers/native.mjs', import.meta.url) });
  for (let time = 0; time < 2; time += 1) {
    let began: () => void = () => undefined;
    const computing = new Promise<void>((resolve) => (began = resolve));
    const task = one.inspect(job('compute'), { onProgress: () => began() });
    const outcome = expect(task).rejects.toMatchObject({ code: 'cancelled' });
    await computing;
    // Ended inside the runtime, the thread would take this process with it.
    await one.close();
    await outcome;
  }
});

test('an idle worker ends, and a later task starts another', async () => {
  const one = trainer({ idleAfter: 1 });
  const before = await thread(one);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await thread(one)).not.toBe(before);
});

test('closing ends the running task and those that wait behind it', async () => {
  const one = trainer();
  const tasks = [one.inspect(job('wait')), one.inspect(job('answer'))];
  const settled = Promise.allSettled(tasks);
  await one.close();
  for (const result of await settled)
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'cancelled' } });
});
