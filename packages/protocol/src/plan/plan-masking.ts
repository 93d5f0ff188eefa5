import { createHash } from 'node:crypto';

import { maskedLength, quantiserFor } from '@noren/secure-aggregation';
import type { Grouping, Quantiser } from '@noren/secure-aggregation';

import type { SiteId } from '../identifiers.ts';
import type { SiteRoster } from '../roster/site-roster.ts';
import { groupingRule } from './plan-aggregation.ts';
import type { RoundPlan } from './plan.ts';

/** What a plan says about masking; sites and coordinator have it from here, so that they cannot differ. */
export interface PlanMasking {
  readonly roundId: string;
  readonly planHash: Uint8Array;
  /** Ring elements of the masked vector. */
  readonly length: number;
  readonly valueBits: number | undefined;
  readonly grouping: Grouping;
}

/** @param roster the one that the plan names; null where it names none */
export function planMasking(plan: RoundPlan, planHash: Uint8Array, roster: SiteRoster | null): PlanMasking {
  const { roundId, round, vectorLength, update, aggregation } = plan;
  const seed = roster === null ? federationSeed(plan.federation) : unhex(roster.groupSeed);
  return {
    roundId,
    planHash,
    length: maskedLength(vectorLength, update.rotation === true),
    valueBits: update.valueBits,
    grouping: {
      seed,
      round,
      registered: roster === null ? null : activeSites(roster),
      ...groupingRule(aggregation),
    },
  };
}

/** @param ringSites sites of the round's largest sum */
export function planQuantiser(plan: RoundPlan, planHash: Uint8Array, ringSites: number): Quantiser {
  const { clipNorm, valueBits, rotation } = plan.update;
  return quantiserFor({
    clipNorm,
    sites: ringSites,
    valueBits,
    rotation: rotation === true ? { planHash, length: plan.vectorLength } : null,
  });
}

/**
 * The group seed of a federation without a registrar. Nobody can change it from round to round; but the coordinator, which
 * says there who the sites are, may name them until they fall as it likes.
 */
function federationSeed(federation: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update('noren/group-seed/v1').update(federation).digest());
}

function activeSites({ sites }: SiteRoster): readonly SiteId[] {
  return sites.filter(({ status }) => status === 'active').map(({ site }) => site);
}

function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
