import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

import { TensorError } from '../error.ts';
import { showNativeCalls } from '../runtime/native-calls.ts';
import { buffersIn } from './buffers.ts';
import type { TaskFailure, WorkerReport, WorkerRequest } from './messages.ts';
import type { WorkerTask } from './task.ts';

let serving = false;

/**
 * Makes the module that calls it one a TaskWorker can run: it answers the owner's requests with `task`. Call it in the
 * thread's entry and nowhere else; a module that is imported for its function must not serve it. Throws TensorError
 * `invalid-spec` in the main thread and when called again.
 */
export function serveTask<Input, Progress, Result>(task: WorkerTask<Input, Progress, Result>): void {
  const port = parentPort;
  if (port === null) throw new TensorError('invalid-spec', 'serveTask belongs into the entry of a worker thread.');
  if (serving) throw new TensorError('invalid-spec', 'This thread serves a task already; import its function instead.');
  serving = true;
  if (workerData instanceof SharedArrayBuffer) showNativeCalls(workerData);
  let running: { readonly id: number; readonly controller: AbortController } | undefined;

  const send = (report: WorkerReport): void => {
    port.postMessage(report, report.kind === 'done' ? buffersIn(report.result) : []);
  };

  const hear = (request: WorkerRequest): void => {
    if (request.kind === 'run') void serve(request);
    else if (request.id === running?.id) running.controller.abort();
  };

  const serve = async ({ id, input, threads }: WorkerRequest & { readonly kind: 'run' }): Promise<void> => {
    const controller = new AbortController();
    const { signal } = controller;
    running = { id, controller };
    const progress = (value: Progress): void => {
      send({ kind: 'progress', id, value });
      // A step may end in the same turn of the event loop in which the next begins; a stop must not wait for a turn.
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        hear(next.message as WorkerRequest);
      }
      signal.throwIfAborted();
    };
    try {
      send({ kind: 'done', id, result: await task(input as Input, { progress, signal, threads }) });
    } catch (error) {
      send({ kind: 'failed', id, failure: failureOf(error) });
    } finally {
      running = undefined;
    }
  };

  port.on('message', hear);
}

function failureOf(error: unknown): TaskFailure {
  const code = error instanceof TensorError ? error.code : undefined;
  if (!(error instanceof Error)) return { code, name: typeof error, message: String(error), stack: undefined };
  return { code, name: error.name, message: error.message, stack: error.stack };
}
