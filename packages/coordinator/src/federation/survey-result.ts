import { parsePlan } from '@noren/protocol';
import type { Hash, RoundPlan, SiteId } from '@noren/protocol';

import type { BlobStore } from '../blobs/blob-store.ts';
import type { RoundRecord } from './round-record.ts';

/** A survey's sum, and the plan it is to be read with. */
export interface SurveyResult {
  readonly round: number;
  readonly plan: RoundPlan;
  readonly survivors: readonly SiteId[];
  /** Content address of the ring sum; of several groups, of the list of theirs. */
  readonly sum: Hash;
  /** Sum of the sites' weights. */
  readonly weight: number;
  /** Weighted mean of the sites' vectors, in the layout of `surveyMeasures`. */
  readonly mean: readonly number[];
}

/** Null for a round that was no survey, or that came to no sum. */
export async function surveyResult(record: RoundRecord | null, blobs: BlobStore): Promise<SurveyResult | null> {
  const { measures, evidence } = record ?? { measures: null, evidence: null };
  if (record === null || measures === null || evidence === null) return null;
  const plan = parsePlan(await blobs.read(record.plan));
  const { sum, weight } = evidence;
  return { round: record.number, plan, survivors: record.survivors, sum, weight, mean: measures };
}
