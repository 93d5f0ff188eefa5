import { parentPort } from 'node:worker_threads';
import { describeFailure } from './failure.ts';
import { SiteTasks } from './site-tasks.ts';
import type { TaskReport, TaskRequest, TaskResult } from './task-types.ts';

/** Entry of the worker thread: runs the tasks that the main thread sends, one at a time. */

const port = parentPort;
if (port === null) throw new Error('This module runs as a worker thread only.');

const tasks = new SiteTasks();
const running = new Map<number, AbortController>();

function send(report: TaskReport): void {
  port?.postMessage(report, report.kind === 'done' ? buffersOf(report.result) : []);
}

port.on('message', (request: TaskRequest) => {
  if (request.kind === 'stop') {
    running.get(request.id)?.abort();
    return;
  }
  const { id, call } = request;
  const controller = new AbortController();
  running.set(id, controller);
  const onProgress = (fraction: number): void => send({ kind: 'progress', id, fraction });
  tasks
    .run(call, { signal: controller.signal, onProgress })
    .then(
      (result) => send({ kind: 'done', id, result }),
      (error: unknown) => send({ kind: 'failed', id, ...describeFailure(error) }),
    )
    .finally(() => running.delete(id));
});

/** What is worth handing over instead of copying: an update, serving models. */
function buffersOf(result: TaskResult): ArrayBuffer[] {
  if (result === null) return [];
  if ('update' in result) return [result.update.buffer as ArrayBuffer];
  if (!('accepted' in result)) return [];
  const files = [result.accepted, result.rejected].flatMap((model) => (model === null ? [] : [model.file.buffer]));
  return [...new Set(files)] as ArrayBuffer[];
}
