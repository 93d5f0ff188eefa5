import type { RuntimeOptions } from '@noren/recommender';
import { QueuedTrainer } from './queued-trainer.ts';
import type { SiteTasks } from './site-tasks.ts';
import type { TaskCall, TaskResult } from './task-types.ts';
import type { TaskWatch } from './trainer.ts';

/**
 * Runs tasks in the caller's thread, which training blocks: for tests and simulations. Model code is loaded with the
 * first task.
 */
export class InProcessTrainer extends QueuedTrainer {
  readonly #runtime: RuntimeOptions;
  #tasks: Promise<SiteTasks> | null = null;
  #running = new AbortController();

  constructor(runtime: RuntimeOptions = {}) {
    super();
    this.#runtime = runtime;
  }

  protected override async run(call: TaskCall, watch: TaskWatch): Promise<TaskResult> {
    this.#tasks ??= import('./site-tasks.ts').then((module) => new module.SiteTasks(this.#runtime));
    const tasks = await this.#tasks;
    const { signal } = this.#running;
    const stop = watch.signal === undefined ? signal : AbortSignal.any([signal, watch.signal]);
    return tasks.run(call, { ...watch, signal: stop });
  }

  protected override async end(): Promise<void> {
    this.#running.abort();
    this.#running = new AbortController();
    const tasks = await this.#tasks;
    this.#tasks = null;
    await tasks?.close();
  }
}
