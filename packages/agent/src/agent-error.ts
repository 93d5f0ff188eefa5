export type AgentErrorCode =
  | 'config-missing'
  | 'config-invalid'
  | 'home-in-use'
  | 'already-joined'
  | 'not-joined'
  | 'identity-invalid'
  | 'enrolment-failed'
  | 'state-invalid'
  | 'ledger-damaged'
  | 'ledger-unwritable'
  | 'download-invalid'
  | 'data-unusable'
  | 'training-failed'
  | 'worker-failed'
  | 'budget-spent'
  | 'round-failed'
  | 'audit-failed'
  | 'cancelled'
  | 'port-in-use';

/**
 * The one error of this package. The message says what happened, where, and what to do about it. It never holds a
 * customer's identifier, an item's identifier or an item's text, so it may be logged and sent as a reason.
 */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: AgentErrorCode;

  constructor(code: AgentErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}
