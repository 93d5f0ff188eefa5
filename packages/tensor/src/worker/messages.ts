import type { TensorErrorCode } from '../error.ts';

/** Owner to thread. The id tells a stop that comes late from one for the next task. */
export type WorkerRequest =
  | { readonly kind: 'run'; readonly id: number; readonly input: unknown; readonly threads: number | undefined }
  | { readonly kind: 'stop'; readonly id: number };

/** Thread to owner. */
export type WorkerReport =
  | { readonly kind: 'progress'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: TaskFailure };

/** An error as plain data: structured clone would drop its class and its code. */
export interface TaskFailure {
  /** Of a TensorError. */
  readonly code: TensorErrorCode | undefined;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}
