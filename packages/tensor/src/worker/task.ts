/** What a task is given beside its input. */
export interface WorkerTaskContext<Progress> {
  /**
   * Tells the owner how far the task is. Throws the signal's reason once the owner has stopped the task, so a task that
   * calls it after every step ends at the next step.
   */
  readonly progress: (value: Progress) => void;
  /** Aborted when the owner stops the task; noticed only when the task awaits a turn of the event loop or calls `progress`. */
  readonly signal: AbortSignal;
  /** The owner's cap, to be handed on as `threads` of what the task compiles; undefined: all cores. */
  readonly threads: number | undefined;
}

/** Work for a thread of its own. Input, progress and result cross by structured clone; a result's arrays are moved. */
export type WorkerTask<Input, Progress, Result> = (
  input: Input,
  context: WorkerTaskContext<Progress>,
) => Promise<Result>;

export type AnyWorkerTask = (input: never, context: WorkerTaskContext<unknown>) => Promise<unknown>;

export type InputOf<T extends AnyWorkerTask> = Parameters<T>[0];
export type ResultOf<T extends AnyWorkerTask> = Awaited<ReturnType<T>>;
export type ProgressOf<T extends AnyWorkerTask> = Parameters<T>[1] extends WorkerTaskContext<infer P> ? P : unknown;
