export type TensorErrorCode =
  | 'busy'
  | 'cancelled'
  | 'data-read'
  | 'disposed'
  | 'engine-failed'
  | 'engine-missing'
  | 'invalid-file'
  | 'invalid-input'
  | 'invalid-spec'
  | 'not-finite'
  | 'not-loaded'
  | 'out-of-memory'
  | 'random-op'
  | 'task-failed'
  | 'unsupported-kernel'
  | 'worker-failed';

/** Everything this package refuses, with a code a program can branch on and a message a person can act on. */
export class TensorError extends Error {
  override readonly name = 'TensorError';
  readonly code: TensorErrorCode;

  constructor(code: TensorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
