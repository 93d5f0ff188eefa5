import { Worker, type ResourceLimits } from 'node:worker_threads';

import { TensorError } from '../error.ts';
import { NativeCalls } from '../runtime/native-calls.ts';
import { buffersIn } from './buffers.ts';
import type { TaskFailure, WorkerReport, WorkerRequest } from './messages.ts';
import type { AnyWorkerTask, InputOf, ProgressOf, ResultOf } from './task.ts';

export interface TaskWorkerOptions {
  /** Cap on the threads of a compiled function's runtime, for tasks that hand it on. Default: all cores. */
  readonly threads?: number;
  /**
   * Cap on the thread's JavaScript heap: objects and ordinary arrays. Typed arrays and the native memory of a runtime lie
   * outside it (see `memory: 'lean'`), and one allocation far beyond the cap ends the whole process, as V8 does.
   */
  readonly memoryMegabytes?: number;
  /** Milliseconds without a task after which the thread ends and gives its memory back. Default 60,000. */
  readonly idleAfter?: number;
  /** Milliseconds a stopped task may take to notice before its thread is ended. Default 10,000. */
  readonly stopWithin?: number;
  /** Node flags of the thread. */
  readonly execArgv?: readonly string[];
}

export interface TaskWatch<T extends AnyWorkerTask> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (value: ProgressOf<T>) => void;
  /** Moves the input's arrays into the thread: nothing is copied, and they are empty here afterwards. Default false. */
  readonly moveInput?: boolean;
}

interface Thread {
  readonly worker: Worker;
  readonly nativeCalls: NativeCalls;
}

interface Running {
  readonly id: number;
  readonly stopping: () => boolean;
  readonly progress: (value: unknown) => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: TensorError) => void;
}

/**
 * Runs the task that the module `entry` serves (see serveTask) in a thread, so that its steps never block the owner's event
 * loop. The thread starts with the first task, serves one after another, and ends when idle. When it dies its task fails
 * and the next one starts another thread. Rejections are TensorErrors: the task's own, or `task-failed`, `cancelled`,
 * `worker-failed`, `out-of-memory`, `busy`, `invalid-input`.
 */
export class TaskWorker<T extends AnyWorkerTask> {
  readonly #entry: URL;
  readonly #options: TaskWorkerOptions;
  #thread: Thread | undefined;
  #running: Running | undefined;
  #idle: NodeJS.Timeout | undefined;
  #nextId = 1;

  constructor(entry: URL, options: TaskWorkerOptions = {}) {
    this.#entry = entry;
    this.#options = options;
  }

  async run(input: InputOf<T>, { signal, onProgress, moveInput = false }: TaskWatch<T> = {}): Promise<ResultOf<T>> {
    if (this.#running !== undefined) throw new TensorError('busy', 'A task has not ended; await it first.');
    if (signal?.aborted === true) throw cancelled();
    clearTimeout(this.#idle);
    this.#thread ??= this.#start();
    const { worker } = this.#thread;
    const id = this.#nextId++;
    let patience: NodeJS.Timeout | undefined;
    const stop = (): void => {
      worker.postMessage({ kind: 'stop', id } satisfies WorkerRequest, []);
      patience = setTimeout(() => void this.#end(cancelled()), this.#options.stopWithin ?? 10_000);
    };
    worker.ref();
    try {
      return await new Promise<ResultOf<T>>((resolve, reject) => {
        this.#running = {
          id,
          stopping: () => signal?.aborted === true,
          progress: (value) => onProgress?.(value as ProgressOf<T>),
          resolve: (result) => resolve(result as ResultOf<T>),
          reject,
        };
        send(worker, { kind: 'run', id, input, threads: this.#options.threads }, moveInput);
        signal?.addEventListener('abort', stop, { once: true });
      });
    } finally {
      clearTimeout(patience);
      signal?.removeEventListener('abort', stop);
      this.#running = undefined;
      this.#rest();
    }
  }

  /**
   * Ends the running task, which is `cancelled`, and the thread, after the native call it may be in. A later task starts
   * another. Call it before process.exit, which waits for no native call and may abort.
   */
  close(): Promise<void> {
    return this.#end(cancelled());
  }

  #start(): Thread {
    const { memoryMegabytes, execArgv } = this.#options;
    const nativeCalls = new NativeCalls();
    const worker = new Worker(this.#entry, {
      workerData: nativeCalls.shared,
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
      ...(memoryMegabytes === undefined ? {} : { resourceLimits: limitsOf(memoryMegabytes) }),
    });
    let fault: unknown;
    worker.on('message', (report: WorkerReport) => this.#hear(report));
    worker.on('error', (error: unknown) => {
      fault = error;
    });
    worker.on('exit', (code) => {
      if (this.#thread?.worker !== worker) return;
      this.#thread = undefined;
      this.#running?.reject(deathOf(fault, code, memoryMegabytes));
    });
    return { worker, nativeCalls };
  }

  #hear(report: WorkerReport): void {
    const running = this.#running;
    if (running === undefined || report.id !== running.id) return;
    if (report.kind === 'progress') running.progress(report.value);
    else if (running.stopping()) running.reject(cancelled());
    else if (report.kind === 'done') running.resolve(report.result);
    else running.reject(errorOf(report.failure));
  }

  /** An idle thread keeps neither the process alive nor, after a while, its memory. */
  #rest(): void {
    this.#thread?.worker.unref();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#running === undefined) void this.#end(cancelled());
    }, this.#options.idleAfter ?? 60_000).unref();
  }

  async #end(why: TensorError): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    this.#running?.reject(why);
    await thread?.nativeCalls.close();
    await thread?.worker.terminate();
  }
}

/** What Node lets a thread have beyond its cap while it is being ended, MB; V8 aborts the process beyond that. */
const ALLOWANCE = 16;

function limitsOf(memoryMegabytes: number): ResourceLimits {
  // All young objects may turn out to be alive at once and be moved into the old generation: they must fit the allowance.
  return { maxOldGenerationSizeMb: memoryMegabytes, maxYoungGenerationSizeMb: ALLOWANCE / 4 };
}

function send(worker: Worker, request: WorkerRequest & { readonly kind: 'run' }, move: boolean): void {
  try {
    worker.postMessage(request, move ? buffersIn(request.input) : []);
  } catch (cause) {
    throw new TensorError(
      'invalid-input',
      'The input cannot be sent to a thread: give plain data and typed arrays, no functions.',
      { cause },
    );
  }
}

function cancelled(): TensorError {
  return new TensorError('cancelled', 'The task was stopped.');
}

function errorOf({ code, name, message, stack }: TaskFailure): TensorError {
  const cause = Object.assign(new Error(message), { name, ...(stack === undefined ? {} : { stack }) });
  return code === undefined
    ? new TensorError('task-failed', `The task in the worker failed (${name}): ${message}`, { cause })
    : new TensorError(code, message, { cause });
}

function deathOf(fault: unknown, exitCode: number, memoryMegabytes: number | undefined): TensorError {
  if (fault instanceof Error && 'code' in fault && fault.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    const cap = memoryMegabytes === undefined ? 'its' : `its ${memoryMegabytes} MB of`;
    return new TensorError(
      'out-of-memory',
      `The worker thread ran out of ${cap} JavaScript heap. Raise memoryMegabytes, or keep large data in typed arrays.`,
      { cause: fault },
    );
  }
  const what = fault instanceof Error ? `${fault.name}: ${fault.message}` : `exit code ${exitCode}`;
  return new TensorError('worker-failed', `The worker thread stopped in the middle of its task (${what}).`, {
    cause: fault,
  });
}
