/**
 * What a caller can do about it:
 * - `home-in-use`: another coordinator runs on this home or database; stop it first.
 * - `config-invalid`, `home-invalid`: correct the named file.
 * - `no-backbone`, `no-plan`, `invalid-backbone`, `invalid-release`, `plan-mismatch`,
 *   `roster-mismatch`: hand over the named document.
 * - `round-running`, `too-few-sites`, `not-started`: not now.
 * - `unknown-site`, `site-exists`, `not-quarantined`: correct the site id.
 * - `blob-missing`, `blob-damaged`, `store-failed`, `store-conflict`: the disk or the database is not what it should be.
 * - `unsound-aggregate`: a round's sum failed its checks.
 * - `noise-key-missing`: the round ends, and the next one begins with other noise.
 * - `round-log-unusable`: a round that a stop cut off cannot go on; it ends, and the next one runs.
 */
export type CoordinatorErrorCode =
  | 'home-in-use'
  | 'config-invalid'
  | 'home-invalid'
  | 'no-backbone'
  | 'no-plan'
  | 'invalid-backbone'
  | 'invalid-release'
  | 'plan-mismatch'
  | 'roster-mismatch'
  | 'round-running'
  | 'too-few-sites'
  | 'not-started'
  | 'unknown-site'
  | 'site-exists'
  | 'not-quarantined'
  | 'port-in-use'
  | 'blob-missing'
  | 'blob-damaged'
  | 'store-failed'
  | 'store-conflict'
  | 'unsound-aggregate'
  | 'noise-key-missing'
  | 'round-log-unusable';

/** The one error of this package: what happened, where, and what to do. */
export class CoordinatorError extends Error {
  override readonly name = 'CoordinatorError';
  readonly code: CoordinatorErrorCode;

  constructor(code: CoordinatorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
