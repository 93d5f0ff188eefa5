import type { Hash, PlanTemplate, RoundId, SiteId, TreePlace } from '@noren/protocol';

import type { RoundFact, RoundOutcome } from '../round/round-input.ts';
import type { PooledDifference } from '../round/verdict.ts';

/**
 * Everything durable that can happen to a federation; its state is the fold of these. Times are milliseconds since the
 * epoch, keys and hashes lower-case hexadecimal. A kind, once released, keeps its meaning: the log is never rewritten.
 */
export type EventBody =
  | { readonly kind: 'federation-created'; readonly id: string; readonly name: string }
  | {
      readonly kind: 'backbone-registered';
      readonly hash: Hash;
      /** Values in the parameter groups, frozen encoders not counted. */
      readonly parameters: number;
      readonly groups: readonly string[];
    }
  | { readonly kind: 'plan-adopted'; readonly template: PlanTemplate; readonly vectorLength: number }
  | ReleaseMade
  | {
      readonly kind: 'site-invited';
      readonly site: SiteId;
      readonly name: string;
      /** SHA-256 of the token; the token itself is only in the invitation. */
      readonly tokenHash: string;
      readonly expiresAt: number;
    }
  | {
      readonly kind: 'site-enrolled';
      readonly site: SiteId;
      readonly tokenHash: string;
      /** Ed25519, 32 bytes. */
      readonly identityKey: string;
      /** Of the client certificate. */
      readonly fingerprint: string;
    }
  /** A fresh certificate before the old one expires. */
  | { readonly kind: 'site-renewed'; readonly site: SiteId; readonly fingerprint: string }
  | { readonly kind: 'site-revoked'; readonly site: SiteId; readonly reason: string }
  /** Left out of the rounds: its groups have stood out among the others more often than chance allows. */
  | {
      readonly kind: 'site-quarantined';
      readonly site: SiteId;
      /** The suspicion, and the score from which on a site is left out (see `Suspicion` of secure aggregation). */
      readonly score: number;
      readonly limit: number;
      readonly rounds: number;
      readonly outlying: number;
    }
  /** Takes part again, and begins without suspicion. */
  | { readonly kind: 'site-released'; readonly site: SiteId; readonly reason: string }
  | {
      readonly kind: 'roster-installed';
      readonly epoch: number;
      /** Content address of the signed roster. */
      readonly hash: Hash;
      /** Ed25519, 32 bytes. The first roster's key is kept to. */
      readonly registrarKey: string;
      /** Its active sites. */
      readonly members: readonly { readonly site: SiteId; readonly identityKey: string }[];
    }
  | { readonly kind: 'schedule-paused' }
  | { readonly kind: 'schedule-resumed' }
  | RoundEvent;

export interface ReleaseMade {
  readonly kind: 'release-made';
  /** 0, 1, 2, ... within the federation. */
  readonly number: number;
  readonly hash: Hash;
  /** The round that made it; null for one handed over with a plan. */
  readonly round: number | null;
  /** Evidence: the ring sum it was computed from and the sites in that sum. */
  readonly sum: Hash | null;
  readonly survivors: readonly SiteId[];
  /** What the sums rest on, by group (`decodeTranscript`); releases of earlier versions have none. */
  readonly transcripts?: readonly Hash[] | undefined;
  /** The server optimiser's moments after this release; null for none. */
  readonly moments: Hash | null;
}

export type RoundEvent = { readonly roundId: RoundId } & (
  | {
      readonly kind: 'round-planned';
      readonly number: number;
      /** Content address of the plan document. */
      readonly plan: Hash;
      /** The plan hash that every message of the round is bound to. */
      readonly planHash: Hash;
      /** Set where the round is a survey. */
      readonly survey?: true;
      /** Where rounds share a tree of noise. */
      readonly tree?: TreePlace;
    }
  | RoundFact
  | {
      readonly kind: 'round-closed';
      readonly outcome: RoundOutcome;
      readonly reason: string;
      readonly difference: PooledDifference | null;
    }
);

export type EventKind = EventBody['kind'];

/** An event in the log. Sequences are 1, 2, 3, ... without gaps. */
export interface FederationEvent {
  readonly sequence: number;
  readonly at: number;
  readonly body: EventBody;
}

/** The round an event belongs to, or null. */
export function roundOf(body: EventBody): RoundId | null {
  return 'roundId' in body ? body.roundId : null;
}
