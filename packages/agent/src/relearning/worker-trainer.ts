import { TaskWorker, TensorError, type TaskWorkerOptions } from '@noren/tensor/worker';
import { AgentError } from '../agent-error.ts';
import { QueuedTrainer, stopped } from './queued-trainer.ts';
import type { TaskCall, TaskResult } from './task-types.ts';
import type { TaskWatch } from './trainer.ts';
import type { SiteTask } from './worker.ts';

export interface WorkerTrainerOptions extends Pick<TaskWorkerOptions, 'idleAfter' | 'stopWithin' | 'execArgv'> {
  /** The worker's module. Default: the built one beside this file. */
  readonly module?: URL;
}

/** Runs tasks in a worker thread: training may block its thread while the agent's heartbeats go on. */
export class WorkerTrainer extends QueuedTrainer {
  readonly #worker: TaskWorker<SiteTask>;

  constructor({ module = new URL('./worker.js', import.meta.url), ...options }: WorkerTrainerOptions = {}) {
    super();
    this.#worker = new TaskWorker(module, options);
  }

  protected override async run(call: TaskCall, watch: TaskWatch): Promise<TaskResult> {
    const outcome = await this.#worker.run(call, watch).catch((error: unknown) => {
      throw withoutData(error);
    });
    if (outcome.kind === 'done') return outcome.result;
    throw new AgentError(outcome.code, outcome.reason, outcome.detail);
  }

  protected override end(): Promise<void> {
    return this.#worker.close();
  }
}

/** What befell the thread, by name only: the message of what killed it may quote the site's data. */
function withoutData(error: unknown): AgentError {
  if (!(error instanceof TensorError)) return new AgentError('worker-failed', 'the re-learning worker failed', error);
  if (error.code === 'cancelled') return stopped();
  const what = error.cause instanceof Error ? error.cause.name : error.code;
  return new AgentError('worker-failed', `the re-learning worker stopped (${what})`, error);
}
