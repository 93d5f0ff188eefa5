import type { EvaluationReport, Hash, SiteId } from '@noren/protocol';
import type { Phase } from '@noren/protocol/console';

import type { ClippingEvidence } from './clip-norm.ts';
import type { PooledDifference } from './verdict.ts';

/** What can happen to a round. Answers reach the machine only after they were verified. */
export type RoundInput =
  | { readonly kind: 'start'; readonly connected: readonly SiteId[] }
  | { readonly kind: 'accepted' | 'advertised' | 'shared' | 'uploading' | 'uploaded'; readonly site: SiteId }
  | { readonly kind: 'confirmed' | 'revealed'; readonly site: SiteId }
  | { readonly kind: 'reported'; readonly site: SiteId; readonly report: EvaluationReport }
  | { readonly kind: 'refused'; readonly site: SiteId; readonly reason: string }
  | { readonly kind: 'connected' | 'disconnected'; readonly site: SiteId }
  /** The site leaves on its own account, or broke the protocol and is put out. */
  | { readonly kind: 'left' | 'excluded'; readonly site: SiteId; readonly reason: string }
  /** `measures`: of a survey, the weighted mean of the sites' vectors. */
  | { readonly kind: 'opened'; readonly evidence: SumEvidence; readonly measures?: readonly number[] }
  | { readonly kind: 'candidate'; readonly hash: Hash; readonly moments: Hash | null }
  /** The coordinator's own part went wrong (arithmetic, an unsound sum, a stop). */
  | { readonly kind: 'broken'; readonly reason: string }
  /** The coordinator came back in the middle of the round, and nobody has connected yet. */
  | { readonly kind: 'resumed' }
  | { readonly kind: 'tick' };

/** What is kept of a round's sum, so that anyone who has its blobs can recompute the candidate. */
export interface SumEvidence {
  /**
   * Content address of the ring sum: little-endian Int32, as long as the masked vectors. Of several groups, of the list of
   * theirs (JSON).
   */
  readonly sum: Hash;
  /** Sum of the sites' weights, each in (0, 1]. */
  readonly weight: number;
  /** Sites whose update was clipped. */
  readonly clipped: number;
  /** L2 norm of the mean update. */
  readonly norm: number;
  /** Bytes of masked updates received. */
  readonly bytesUp: number;
  /**
   * Content address of what the sum rests on (`decodeTranscript`). Of a cohort that was divided each group has its own; rounds
   * opened by earlier versions have none.
   */
  readonly transcript?: Hash | undefined;
  /** Of a cohort that was divided: every group that opened its sum, or was to. */
  readonly groups?: readonly GroupEvidence[] | undefined;
  /** Of a private round whose clip norm adapts. */
  readonly clipping?: ClippingEvidence;
}

/** One group of a round, beside the others. */
export interface GroupEvidence {
  /** Its part of U3. */
  readonly survivors: readonly SiteId[];
  /** Content address of what its sum rests on, or that there is none. */
  readonly transcript?: Hash | undefined;
  /** Content address of its ring sum; null where it could not be opened. */
  readonly sum: Hash | null;
  /** L2 norm of its mean update, and the cosine between that and the median of all groups; null where there is none. */
  readonly norm: number | null;
  readonly cosine: number | null;
  /** Why it is not in the result; null if it is. */
  readonly fault: string | null;
  /** In a robust round, whether it stands out, which is held against its sites; null in others. */
  readonly outlying: boolean | null;
}

/** Durable facts of a round, appended before any later action of the same transition is carried out. */
export type RoundFact =
  | {
      readonly kind: 'round-advanced';
      readonly phase: Phase;
      /** The sites that the phase begins with. */
      readonly sites: readonly SiteId[];
      readonly deadlineAt: number | null;
    }
  | { readonly kind: 'round-refused'; readonly site: SiteId; readonly reason: string }
  | { readonly kind: 'round-dropped'; readonly site: SiteId; readonly phase: Phase; readonly reason: string }
  /** The coordinator restarted in this phase and goes on where it was. */
  | { readonly kind: 'round-resumed'; readonly phase: Phase; readonly deadlineAt: number | null }
  | ({ readonly kind: 'round-aggregated' } & SumEvidence)
  | { readonly kind: 'round-surveyed'; readonly measures: readonly number[] }
  | { readonly kind: 'round-candidate'; readonly candidate: Hash; readonly moments: Hash | null }
  | { readonly kind: 'round-reported'; readonly site: SiteId; readonly report: EvaluationReport };

export type RoundOutcome = 'accepted' | 'rejected' | 'failed';

/** What the driver does next, in this order. */
export type RoundAction =
  | { readonly kind: 'record'; readonly fact: RoundFact }
  | { readonly kind: 'offer'; readonly sites: readonly SiteId[] }
  /** Fix U1 and send each group its roster. */
  | { readonly kind: 'close-keys' }
  /** The group comes to no sum; nothing more is asked of its sites. Comes before the closing that goes on without it. */
  | { readonly kind: 'abandon-group'; readonly group: number; readonly reason: string }
  /** Fix U2 and deliver the shares. */
  | { readonly kind: 'close-shares' }
  /** Fix U3, and in groups of more than three ask the survivors to sign it. */
  | { readonly kind: 'close-updates' }
  /** Fix who vouches for U3 and ask for the reveals. */
  | { readonly kind: 'close-confirmations' }
  | { readonly kind: 'open-sum' }
  | { readonly kind: 'make-candidate' }
  | { readonly kind: 'announce'; readonly candidate: Hash; readonly sites: readonly SiteId[] }
  /** The site came back: send it again what this step sends. */
  | { readonly kind: 'remind'; readonly site: SiteId }
  /** Tell a site that did not answer the offer that the round goes on without it. */
  | { readonly kind: 'dismiss'; readonly site: SiteId; readonly reason: string }
  | {
      readonly kind: 'close';
      readonly outcome: RoundOutcome;
      readonly reason: string;
      readonly difference: PooledDifference | null;
    };
