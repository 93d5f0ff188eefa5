import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { AgentError } from '../agent-error.ts';
import { QueuedTrainer, stopped } from './queued-trainer.ts';
import type { TaskCall, TaskReport, TaskRequest, TaskResult } from './task-types.ts';
import type { TaskWatch } from './trainer.ts';

export interface WorkerTrainerOptions {
  /** The worker's module. Default: the built one beside this file. */
  readonly module?: URL;
  /** Milliseconds without a task after which the worker ends and gives its memory back. Default 60,000. */
  readonly idleAfter?: number;
  /** Milliseconds a stopped task may take to notice before its worker is ended. Default 10,000. */
  readonly stopWithin?: number;
  /** Node flags of the worker. */
  readonly execArgv?: readonly string[];
}

interface Running {
  readonly id: number;
  readonly watch: TaskWatch;
  /** Resolves when the task has ended, however. */
  readonly ended: Promise<unknown>;
  resolve(result: TaskResult): void;
  reject(error: AgentError): void;
}

/**
 * Runs tasks in a worker thread: training may block its thread while the agent's heartbeats go on. The thread starts
 * with the first task and ends when idle, so an idle agent is small. If it dies, its task fails and the next one starts
 * another.
 */
export class WorkerTrainer extends QueuedTrainer {
  readonly #options: Required<WorkerTrainerOptions>;
  #worker: Worker | null = null;
  #running: Running | null = null;
  #idle: NodeJS.Timeout | undefined;
  #nextId = 1;

  constructor(options: WorkerTrainerOptions = {}) {
    super();
    this.#options = {
      module: options.module ?? new URL('./worker.js', import.meta.url),
      idleAfter: options.idleAfter ?? 60_000,
      stopWithin: options.stopWithin ?? 10_000,
      execArgv: options.execArgv ?? [],
    };
  }

  protected override async run(call: TaskCall, watch: TaskWatch): Promise<TaskResult> {
    clearTimeout(this.#idle);
    this.#worker ??= this.#start();
    const worker = this.#worker;
    worker.ref();
    const id = this.#nextId++;
    let patience: NodeJS.Timeout | undefined;
    const stop = (): void => {
      worker.postMessage({ kind: 'stop', id } satisfies TaskRequest, []);
      patience = setTimeout(() => void this.#terminate(), this.#options.stopWithin);
    };
    watch.signal?.addEventListener('abort', stop, { once: true });
    try {
      const { promise, resolve, reject } = withResolvers<TaskResult>();
      this.#running = { id, watch, ended: promise.catch(() => undefined), resolve, reject };
      worker.postMessage({ kind: 'run', id, call } satisfies TaskRequest, []);
      return await promise;
    } finally {
      clearTimeout(patience);
      watch.signal?.removeEventListener('abort', stop);
      this.#running = null;
      this.#rest();
    }
  }

  /** Waits for the running task to notice: a thread ended inside the native runtime takes the whole process with it. */
  protected override async end(): Promise<void> {
    clearTimeout(this.#idle);
    const [worker, running] = [this.#worker, this.#running];
    // A task that comes while this waits gets a worker of its own.
    this.#worker = null;
    if (worker !== null && running !== null) {
      worker.postMessage({ kind: 'stop', id: running.id } satisfies TaskRequest, []);
      const patience = new AbortController();
      const { signal } = patience;
      const late = delay(this.#options.stopWithin, undefined, { signal }).catch(() => undefined);
      await Promise.race([running.ended, late]);
      patience.abort();
    }
    running?.reject(stopped());
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#options.module, { execArgv: [...this.#options.execArgv] });
    let fault: unknown;
    worker.on('message', (report: TaskReport) => this.#hear(report));
    worker.on('error', (error: unknown) => {
      fault = error;
    });
    worker.on('exit', (code) => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      const what = fault instanceof Error ? fault.name : `exit code ${code}`;
      this.#running?.reject(new AgentError('worker-failed', `the re-learning worker stopped (${what})`, fault));
    });
    return worker;
  }

  #hear(report: TaskReport): void {
    const running = this.#running;
    if (running === null || report.id !== running.id) return;
    switch (report.kind) {
      case 'progress':
        return running.watch.onProgress?.(report.fraction);
      case 'done':
        return running.resolve(report.result);
      case 'failed':
        return running.reject(new AgentError(report.code, report.reason, report.detail));
    }
  }

  /** An idle worker keeps neither the process alive nor, after a while, its memory. */
  #rest(): void {
    this.#worker?.unref();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#running === null) void this.#terminate();
    }, this.#options.idleAfter).unref();
  }

  async #terminate(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = null;
    this.#running?.reject(stopped());
    await worker?.terminate();
  }
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
