import { serveTask, type WorkerTaskContext } from '@noren/tensor/worker';
import { describeFailure } from './failure.ts';
import { SiteTasks } from './site-tasks.ts';
import type { TaskCall, TaskOutcome } from './task-types.ts';

/** Entry of the worker thread: runs the tasks that the main thread sends, one at a time. */

const tasks = new SiteTasks();

async function run(call: TaskCall, { progress, signal }: WorkerTaskContext<number>): Promise<TaskOutcome> {
  try {
    return { kind: 'done', result: await tasks.run(call, { signal, onProgress: progress }) };
  } catch (error) {
    return { kind: 'failed', ...describeFailure(error) };
  }
}

export type SiteTask = typeof run;

serveTask(run);
