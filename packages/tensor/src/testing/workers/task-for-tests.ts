import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';

import { TensorError } from '../../error.ts';
import { serveTask, type WorkerTaskContext } from '../../worker/index.ts';
import type { Progress } from './training-for-tests.ts';

type Input =
  | {
      readonly kind:
        | 'answer'
        | 'wait'
        | 'deaf'
        | 'breathless'
        | 'crash'
        | 'exit'
        | 'fail'
        | 'refuse'
        | 'unsendable'
        | 'serve again'
        | 'hoard';
    }
  | { readonly kind: 'double'; readonly data: Float32Array }
  | { readonly kind: 'threads of the process' }
  | { readonly kind: 'train'; readonly steps: number; readonly ticks?: Int32Array; readonly heavy?: boolean };

interface Result {
  readonly thread: number;
  readonly data?: Float32Array;
  readonly count?: number;
}

export type TaskForTests = typeof run;

async function run(input: Input, context: WorkerTaskContext<Progress>): Promise<Result> {
  switch (input.kind) {
    case 'answer':
      return { thread: threadId };
    case 'double':
      return { thread: threadId, data: input.data.map((value) => 2 * value) };
    case 'wait':
      context.progress({ step: 0, loss: 0 });
      await sleep(60_000, undefined, { signal: context.signal });
      return { thread: threadId };
    case 'deaf':
      for (;;);
    case 'breathless':
      for (let step = 0; ; step++) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        context.progress({ step, loss: 0 });
      }
    case 'crash':
      setImmediate(() => {
        throw new TypeError('somewhere else');
      });
      return new Promise(() => {});
    case 'exit':
      return process.exit(3);
    case 'fail':
      throw new RangeError('row 3');
    case 'refuse':
      throw new TensorError('not-finite', 'The loss is NaN.');
    case 'serve again':
      serveTask(run);
      return { thread: threadId };
    case 'unsendable':
      return { thread: threadId, count: (() => 0) as unknown as number };
    case 'hoard':
      // Small pieces: V8 ends the whole process when one allocation, such as a growing array's next buffer, is far too large.
      for (let kept: object | null = null; ;) kept = { value: Math.random(), kept };
    case 'threads of the process':
      return { thread: threadId, count: await (await training()).nativeThreads(context.threads) };
    case 'train':
      await (await training()).train(input, context);
      return { thread: threadId };
  }
}

serveTask(run);

/** Loaded by the tasks that need it: most threads of a test should start fast. */
function training(): Promise<typeof import('./training-for-tests.ts')> {
  return import('./training-for-tests.ts');
}
