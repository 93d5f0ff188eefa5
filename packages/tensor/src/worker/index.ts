export { TensorError, type TensorErrorCode } from '../error.ts';
export { buffersIn } from './buffers.ts';
export { runInWorker } from './run-in-worker.ts';
export { serveTask } from './serve-task.ts';
export type { AnyWorkerTask, WorkerTask, WorkerTaskContext } from './task.ts';
export { TaskWorker, type TaskWatch, type TaskWorkerOptions } from './task-worker.ts';
