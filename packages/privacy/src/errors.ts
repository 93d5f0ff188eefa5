export type PrivacyErrorCode =
  /** A parameter outside its range. */
  | 'out-of-range'
  /** No noise multiplier in the searched range reaches the target. */
  | 'unreachable';

/** The one error of this package. */
export class PrivacyError extends Error {
  override readonly name = 'PrivacyError';
  readonly code: PrivacyErrorCode;

  constructor(code: PrivacyErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
