import type { AnyWorkerTask, InputOf, ResultOf } from './task.ts';
import { TaskWorker, type TaskWatch, type TaskWorkerOptions } from './task-worker.ts';

/**
 * Runs one task in a thread that ends with it. `entry` is the module that serves the task, which is named by its type:
 * `runInWorker<typeof train>(new URL('./training-thread.js', import.meta.url), input)`. Errors as of TaskWorker.
 */
export async function runInWorker<T extends AnyWorkerTask>(
  entry: URL,
  input: InputOf<T>,
  options: TaskWorkerOptions & TaskWatch<T> = {},
): Promise<ResultOf<T>> {
  const worker = new TaskWorker<T>(entry, options);
  try {
    return await worker.run(input, options);
  } finally {
    await worker.close();
  }
}
