import { parsePlan, planHash, verifyPlanSignature, type RoundOffer, type RoundPlan } from '@noren/protocol';
import type { AgentState } from '../home/state.ts';

/** What the site pinned when it joined. */
export interface Pinned {
  readonly federation: string;
  /** Ed25519, 32 bytes. */
  readonly planKey: Uint8Array;
}

export interface VerifiedPlan {
  readonly plan: RoundPlan;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  /** `hash` in lower-case hex. */
  readonly hashHex: string;
}

export type OfferCheck =
  | { readonly kind: 'verified'; readonly offer: VerifiedPlan }
  /** Authentic, but not to be followed. */
  | { readonly kind: 'refused'; readonly plan: RoundPlan; readonly reason: string }
  /** Not from the coordinator this site joined: no answer, because nothing in it can be believed. */
  | { readonly kind: 'forged'; readonly why: string };

/**
 * Checks that an offer comes from the pinned coordinator and continues the chain of plans this site has seen. A site
 * that missed rounds cannot check the link to a plan it never saw; it still sees that rounds only go forward, which
 * keeps a replayed plan (design attack 8) and a rolled-back coordinator out.
 */
export function checkOffer(offer: RoundOffer, pinned: Pinned, state: AgentState): OfferCheck {
  if (!verifyPlanSignature(offer.plan, offer.signature, pinned.planKey)) {
    return { kind: 'forged', why: 'the plan is not signed with the key this site pinned when it joined' };
  }
  let plan: RoundPlan;
  try {
    plan = parsePlan(offer.plan);
  } catch (error) {
    return { kind: 'forged', why: `the plan cannot be read: ${(error as Error).message}` };
  }
  if (plan.federation !== pinned.federation) {
    return { kind: 'forged', why: `the plan is for the federation "${plan.federation}"` };
  }
  const hash = planHash(offer.plan);
  const hashHex = Buffer.from(hash).toString('hex');
  const reason = chainFault(plan, hashHex, state);
  if (reason !== null) return { kind: 'refused', plan, reason };
  return { kind: 'verified', offer: { plan, bytes: offer.plan, hash, hashHex } };
}

function chainFault(plan: RoundPlan, hash: string, { lastPlan }: AgentState): string | null {
  if (lastPlan === null) return null;
  if (hash === lastPlan.hash) {
    // Keys serve one vector only; after a restart the old ones are gone and new ones would be a second masking.
    return lastPlan.stage === 'seen' ? null : 'this site already took part in this round and cannot begin it again';
  }
  if (plan.round <= lastPlan.round) {
    return `round ${plan.round} is not newer than round ${lastPlan.round}, which this site has already seen`;
  }
  if (plan.round === lastPlan.round + 1 && plan.previousPlanHash !== lastPlan.hash) {
    return `the plan does not name the plan this site saw for round ${lastPlan.round} as the one before it`;
  }
  return null;
}
