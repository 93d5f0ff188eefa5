import { treeAggregation } from '@noren/privacy';
import { LARGEST_GROUP } from '@noren/secure-aggregation';
import { z } from 'zod';

/**
 * Noise that the rounds of a plan share (binary tree aggregation; DP-FTRL, Kairouz et al. 2021): in place of each round's own the
 * coordinator adds what makes the sum of all rounds so far carry the noise of a few nodes of a tree. A customer is in every
 * 1 / samplingRate-th round of a tree, which its site works out from the tree's name, and nothing is assumed of chance.
 */
export interface TreeMechanism {
  readonly kind: 'tree';
  /** Rounds of one tree; after them another begins, with noise of its own. */
  readonly rounds: number;
  /** Most sites of a round: the ring is laid out for as many in every round of the tree, so that its noise fits all of them. */
  readonly sites: number;
  /** Where in its tree a round stands: in every round's plan, and in no template. */
  readonly place?: TreePlace | undefined;
}

export interface TreePlace {
  /** Name of the tree, 32 hexadecimal digits drawn at its beginning. */
  readonly tree: string;
  /** 1 .. rounds. Each is used once, whatever becomes of its round. */
  readonly leaf: number;
}

/** More would be more customers' slots than the accountant counts through. */
const MOST_ROUNDS = 4096;

export const treeMechanismSchema: z.ZodType<TreeMechanism> = z
  .strictObject({
    kind: z.literal('tree'),
    rounds: z.int().min(2).max(MOST_ROUNDS),
    sites: z.int().min(3).max(LARGEST_GROUP),
    place: z
      .strictObject({
        tree: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits'),
        leaf: z.int().min(1).max(MOST_ROUNDS),
      })
      .optional(),
  })
  .refine(({ rounds, place }) => place === undefined || place.leaf <= rounds, {
    path: ['place', 'leaf'],
    error: 'is beyond the rounds of the tree',
  });

/** The part of a plan's privacy that a tree is about. */
interface TreePrivacy {
  readonly mode: string;
  readonly samplingRate: number;
  readonly clipping?: object | undefined;
  readonly mechanism?: TreeMechanism | undefined;
}

export function sharesTree<P extends Pick<TreePrivacy, 'mechanism'>>(
  privacy: P,
): privacy is P & { readonly mechanism: TreeMechanism } {
  return privacy.mechanism !== undefined;
}

/** A customer of a tree is in rounds this many apart. */
export function participationPeriod({ samplingRate }: Pick<TreePrivacy, 'samplingRate'>): number {
  return Math.round(1 / samplingRate);
}

/** Gaussian steps that a whole tree costs one customer. */
export function treeSteps(privacy: {
  readonly noiseMultiplier: number;
  readonly samplingRate: number;
  readonly mechanism: TreeMechanism;
}): number {
  const { noiseMultiplier, mechanism } = privacy;
  return treeAggregation(noiseMultiplier, mechanism.rounds, participationPeriod(privacy)).steps;
}

interface TreeTemplate {
  readonly update: { readonly valueBits?: number | undefined };
  readonly cohort: { readonly minimumSites: number };
  readonly server: { readonly optimizer: string };
}

/** What a plan with a tree must not combine, and what it must say. */
export function treeFault(
  privacy: TreePrivacy,
  { update, cohort, server }: TreeTemplate,
): { path: string[]; message: string } | null {
  if (!sharesTree(privacy)) return null;
  const { mode, samplingRate, clipping, mechanism } = privacy;
  const period = participationPeriod(privacy);
  if (mode !== 'central') {
    return fault(
      'privacy.mode',
      'is "central" where rounds share a tree: its noise has to be known to whoever adds it',
    );
  }
  if (Math.abs(samplingRate * period - 1) > 1e-9) {
    return fault(
      'privacy.samplingRate',
      'is 1 / a whole number where rounds share a tree: a customer is in every so manieth round',
    );
  }
  if (clipping !== undefined) {
    return fault(
      'privacy.clipping',
      'the rounds of a tree have one clip norm: its noise is measured against all of them',
    );
  }
  if (update.valueBits !== undefined) {
    return fault(
      'update.valueBits',
      'the rounds of a tree have all the bits of the ring, however many sites take part',
    );
  }
  if (cohort.minimumSites > mechanism.sites) {
    return fault('privacy.mechanism.sites', `allows fewer sites than the ${cohort.minimumSites} that a round needs`);
  }
  if (server.optimizer !== 'fedavg') {
    return fault(
      'server.optimizer',
      'is "fedavg" where rounds share a tree: their noise cancels only where sums are added up',
    );
  }
  return null;
}

function fault(path: string, message: string): { path: string[]; message: string } {
  return { path: path.split('.'), message };
}
