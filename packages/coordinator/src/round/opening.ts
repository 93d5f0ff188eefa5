import { encodeTranscript, FEWEST_ROBUST_GROUPS } from '@noren/protocol';
import type { Hash, RoundPlan, SiteId } from '@noren/protocol';
import { AggregationError } from '@noren/secure-aggregation';
import type { GroupOutcome, MaskRemoval } from '@noren/secure-aggregation';

import type { BlobStore } from '../blobs/blob-store.ts';
import { CoordinatorError } from '../coordinator-error.ts';
import { normOf, unsound } from './aggregate.ts';
import { clippingEvidence } from './clip-norm.ts';
import type { NoiseSource } from './coordinator-noise.ts';
import { combine, inspect } from './combined-mean.ts';
import { readGroupSum } from './group-sum.ts';
import type { GroupMean, SumReading } from './group-sum.ts';
import type { MaskedSum } from './masked-sum.ts';
import { addCoordinatorNoise, privateQuantiser } from './private-sum.ts';
import type { GroupEvidence, SumEvidence } from './round-input.ts';

export interface OpenedSum {
  readonly evidence: SumEvidence;
  readonly meanUpdate: Float32Array;
  /** Sites that revealed false shares, without which their group's sum was opened. */
  readonly falseWitnesses: readonly string[];
}

/**
 * Opens every group's sum, stores it as it is, and combines what they say. A group that cannot be opened, is unsound, or does
 * not fit the others stays out of the result.
 *
 * Memory: one vector for each group, its sum before it is opened and its mean after, because groups are compared with each
 * other; 0.4 GB for a hundred groups and a million values, 10 GB for the 2,500 smallest groups of ten thousand sites.
 *
 * Throws CoordinatorError `unsound-aggregate` if too few groups are left.
 */
export async function openSum(
  sum: Pick<MaskedSum, 'open' | 'bytesUp'>,
  maskRemoval: MaskRemoval,
  blobs: BlobStore,
  reading: SumReading,
  noise: NoiseSource,
): Promise<OpenedSum> {
  const opened: OpenedGroup[] = [];
  const falseWitnesses: string[] = [];
  for await (const outcome of sum.open(reading.yieldTurn, maskRemoval)) {
    falseWitnesses.push(...outcome.falseWitnesses);
    opened.push(await openGroup(outcome, blobs, reading, noise));
  }
  const groups = await compared(opened, reading);
  const sound = groups.flatMap(({ read, fault }) => (read !== null && fault === null ? [read] : []));
  assertEnough(groups, reading.plan);
  const { plan, yieldTurn } = reading;
  const meanUpdate = await combine(sound, plan, yieldTurn);
  const clipping = clippingEvidence(plan.privacy, sound);
  const evidence = {
    sum: await sumDocument(groups, blobs),
    weight: sound.reduce((total, { weight }) => total + weight, 0),
    clipped: sound.reduce((total, { clipped }) => total + clipped, 0),
    norm: await normOf(meanUpdate, yieldTurn),
    bytesUp: sum.bytesUp,
    ...(clipping === null ? {} : { clipping }),
    ...(groups.length > 1
      ? { groups: groups.map((group) => groupEvidence(group, plan)) }
      : { transcript: groups[0]?.transcript }),
  };
  return { evidence, meanUpdate, falseWitnesses };
}

/**
 * The mean update again, from sums that were opened, checked and stored before; in a private round their noise is in them.
 * `survivors`: of a round of one group. Throws as `openSum`, and CoordinatorError `blob-missing`, `blob-damaged`.
 */
export async function keptMean(
  evidence: SumEvidence,
  survivors: number,
  blobs: BlobStore,
  reading: SumReading,
): Promise<Float32Array> {
  const kept =
    evidence.groups === undefined
      ? [{ sum: evidence.sum, survivors }]
      : evidence.groups.flatMap(({ sum, survivors: sites, fault }) =>
          sum !== null && fault === null ? [{ sum, survivors: sites.length }] : [],
        );
  const means: GroupMean[] = [];
  for (const { sum, survivors: sites } of kept) {
    const bytes = await blobs.read(sum);
    // A copy, because a typed array must begin at a multiple of its element's size.
    means.push(await readGroupSum(new Int32Array(bytes.slice().buffer), sites, reading));
  }
  return combine(means, reading.plan, reading.yieldTurn);
}

interface OpenedGroup {
  readonly survivors: readonly SiteId[];
  readonly transcript: Hash;
  readonly sum: Hash | null;
  readonly read: GroupMean | null;
  readonly fault: string | null;
}

interface ComparedGroup extends OpenedGroup {
  readonly cosine: number | null;
  readonly outlying: boolean;
}

async function openGroup(
  outcome: GroupOutcome,
  blobs: BlobStore,
  reading: SumReading,
  noise: NoiseSource,
): Promise<OpenedGroup> {
  // The ids come back as they went in.
  const survivors = outcome.survivors as readonly SiteId[];
  const { sum } = outcome;
  const transcript = await blobs.write(encodeTranscript(outcome.transcript));
  if (sum === null) {
    const fault = outcome.failure?.reason ?? 'its sum was not opened';
    return { survivors, transcript, sum: null, read: null, fault };
  }
  const { plan, ringSites, yieldTurn } = reading;
  // Before the sum is kept anywhere: where the plan trusts the coordinator with the noise, nobody else sees it without.
  if (plan.privacy != null) {
    await addCoordinatorNoise(sum, privateQuantiser(plan, plan.privacy, ringSites), noise, yieldTurn);
  }
  const hash = await blobs.write(new Uint8Array(sum.buffer, sum.byteOffset, sum.byteLength));
  try {
    return { survivors, transcript, sum: hash, read: await readGroupSum(sum, survivors.length, reading), fault: null };
  } catch (error) {
    if (!(error instanceof CoordinatorError || error instanceof AggregationError)) throw error;
    return { survivors, transcript, sum: hash, read: null, fault: error.message };
  }
}

async function compared(groups: readonly OpenedGroup[], { yieldTurn }: SumReading): Promise<readonly ComparedGroup[]> {
  const read = groups.flatMap((group) => group.read ?? []);
  const inspections = new Map((await inspect(read, yieldTurn)).map((inspection, at) => [read[at], inspection]));
  return groups.map((group) => {
    const inspection = group.read === null ? undefined : inspections.get(group.read);
    return {
      ...group,
      fault: group.fault ?? inspection?.fault ?? null,
      cosine: inspection?.cosine ?? null,
      // Sites that came to no sum did not spoil one; a sum that is unsound was spoilt by somebody.
      outlying: inspection?.outlying ?? group.sum !== null,
    };
  });
}

/** Groups that are at fault must be the fewer ones: of halves that differ nobody knows which is right. */
function assertEnough(groups: readonly ComparedGroup[], { aggregation }: RoundPlan): void {
  const opened = groups.filter(({ sum }) => sum !== null).length;
  const sound = groups.filter(({ read, fault }) => read !== null && fault === null).length;
  const needed = aggregation?.profile === 'robust' ? FEWEST_ROBUST_GROUPS : 1;
  if (opened >= needed && 2 * sound > opened) return;
  const fault = groups.find((group) => group.fault !== null)?.fault ?? '';
  // A single group's fault is a sentence already.
  if (groups.length === 1) throw new CoordinatorError('unsound-aggregate', fault);
  throw unsound(
    `of ${groups.length} groups ${opened} were opened and ${sound} are sound; it takes ${needed} and most of them. Of one: ${fault}`,
  );
}

function groupEvidence(
  { survivors, transcript, sum, read, fault, cosine, outlying }: ComparedGroup,
  plan: RoundPlan,
): GroupEvidence {
  const isCompared = plan.aggregation?.profile === 'robust';
  const norm = read?.norm ?? null;
  return { survivors, transcript, sum, norm, cosine, fault, outlying: isCompared ? outlying : null };
}

async function sumDocument(groups: readonly OpenedGroup[], blobs: BlobStore): Promise<Hash> {
  const sums = groups.map(({ sum }) => sum);
  const [only] = sums;
  if (sums.length === 1 && only != null) return only;
  return blobs.write(Buffer.from(JSON.stringify({ kind: 'noren/group-sums', version: 1, sums }), 'utf8'));
}
