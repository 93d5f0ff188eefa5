/**
 * What went wrong between a site and its coordinator, by what a caller can do about it.
 *
 * - `invalid-message`: the peer (or the caller) sent something outside the schema or its limits.
 * - `invalid-plan`, `invalid-roster`, `invalid-invitation`, `invalid-certificate`, `invalid-key`: a document that was handed
 *   over is not usable.
 * - `invitation-expired`, `invitation-used`: ask the central operator for a new invitation.
 * - `denied`: the coordinator knows the caller and refuses. `certificate-rejected`: one side does not trust the other's certificate.
 * - `unreachable`: no connection, or it broke; trying again later may help. `port-in-use`, `cannot-listen`: a server could not start.
 * - `not-found`, `wrong-state`, `exhausted`: the request is well formed, but not now or not here.
 * - `hash-mismatch`: received content is not what its hash promised. `cancelled`: the caller gave up.
 * - `internal`: the peer failed; its log says why.
 */
export type ProtocolErrorCode =
  | 'invalid-message'
  | 'invalid-plan'
  | 'invalid-roster'
  | 'invalid-key'
  | 'invalid-invitation'
  | 'invalid-certificate'
  | 'invitation-expired'
  | 'invitation-used'
  | 'denied'
  | 'certificate-rejected'
  | 'unreachable'
  | 'port-in-use'
  | 'cannot-listen'
  | 'not-found'
  | 'wrong-state'
  | 'exhausted'
  | 'hash-mismatch'
  | 'cancelled'
  | 'internal';

/** The package's error: the message says what happened, where, and what to do. */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProtocolError';
    this.code = code;
  }
}

/** A plan that cannot be used; `path` names the place in the document, for example `training.epochs`. */
export class PlanError extends ProtocolError {
  readonly path: string;

  constructor(path: string, message: string, options?: ErrorOptions) {
    super('invalid-plan', message, options);
    this.name = 'PlanError';
    this.path = path;
  }
}
