export type RecommenderErrorCode =
  | 'config-invalid'
  | 'backbone-invalid'
  | 'groups-invalid'
  | 'values-invalid'
  | 'study-invalid'
  | 'scores-invalid'
  | 'history-invalid'
  | 'options-invalid'
  | 'survey-invalid'
  | 'closed';

/** The one error of this package: what happened, where, and what to do about it. Holds no customer data. */
export class RecommenderError extends Error {
  override readonly name = 'RecommenderError';
  readonly code: RecommenderErrorCode;

  constructor(code: RecommenderErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}
