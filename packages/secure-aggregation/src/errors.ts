/**
 * Why a message was refused. The codes are stable: agents and coordinators act on them (drop a site, end a round) and
 * put them in ledgers.
 */
export type AggregationErrorCode =
  /** A call that the object's present state does not allow; the object is unharmed. */
  | 'wrong-state'
  /** The site masks one vector per round (attack 8: the same masks over two vectors reveal their difference). */
  | 'already-masked'
  /** The site reveals once per round (attack 4: two different requests could together ask for both shares). */
  | 'already-revealed'
  /** The site signs one set of survivors per round (attack 6: two signed sets could both reach the threshold). */
  | 'already-confirmed'
  /** The site refused something earlier in this round and takes no further part in it. */
  | 'abandoned'
  /** A state that is older than the site itself: going on from it could answer a second time. */
  | 'rolled-back'
  /** A field of the wrong size, a list out of order, a number out of range. */
  | 'malformed'
  | 'wrong-round'
  | 'wrong-plan'
  | 'wrong-roster'
  | 'bad-signature'
  /** A site whose identity key is not the one this site has pinned, or not the one that was invited. */
  | 'unknown-identity'
  | 'unknown-site'
  | 'duplicate-site'
  | 'duplicate-key'
  /** A key of small order: X25519 with it gives zero whatever the other key is (RFC 7748 section 6.1). */
  | 'weak-key'
  /** This site is not in the list it was sent, or is there with keys that are not its own. */
  | 'not-included'
  /** A list of sites that is not the group which the seed and the cohort give. */
  | 'wrong-group'
  /** Fewer sites than the threshold, the minimum of survivors, or the site's own floor. */
  | 'too-few-sites'
  /** More sites than one group can hold. */
  | 'too-many-sites'
  /** Survivors outside the set of sites that this site masked with. */
  | 'unknown-survivor'
  /** The coordinator says that this site, which has uploaded, dropped out. */
  | 'declared-dropped'
  /** Fewer sites than the threshold have signed the survivors of an active round. */
  | 'unconfirmed'
  /** Other survivors than those this site has signed. */
  | 'split-view'
  /** Both shares of one site, none, or the kind that the survivors do not allow. */
  | 'wrong-share'
  /** A share that does not open, or does not lead to the secret its site committed to. */
  | 'bad-share'
  /** A chunk that does not match the hash in the signed header. */
  | 'bad-chunk'
  | 'incomplete-upload'
  /** A vector is in the coordinator's sum in part: what it kept of the vector could not be read again. */
  | 'spoilt-sum'
  /** A value that would leave the ring's range, or is not finite. */
  | 'out-of-range'
  /** A worker thread ended in the middle of its work; what it was at work on is spoilt. No site is to blame. */
  | 'worker-failed';

/** The one error of this package. `sites` names the sites the message is about, when there are any. */
export class AggregationError extends Error {
  override readonly name = 'AggregationError';
  readonly code: AggregationErrorCode;
  readonly sites: readonly string[];

  constructor(code: AggregationErrorCode, message: string, sites: readonly string[] = [], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.sites = sites;
  }
}
