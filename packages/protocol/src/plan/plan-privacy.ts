import { mostNodesBetween } from '@noren/privacy';
import { smallestGroup } from '@noren/secure-aggregation';
import type { NoisySumRules } from '@noren/secure-aggregation';
import { z } from 'zod';

import { PlanError } from '../protocol-error.ts';
import { groupingRule } from './plan-aggregation.ts';
import type { Aggregation } from './plan-aggregation.ts';
import {
  adaptiveClipNormSchema,
  adaptsClipNorm,
  clippingFault,
  countedSensitivity,
  countUnit,
} from './plan-clipping.ts';
import type { AdaptiveClipNorm } from './plan-clipping.ts';
import { sharesTree, treeFault, treeMechanismSchema } from './plan-tree.ts';
import type { TreeMechanism } from './plan-tree.ts';

/**
 * Differential privacy of every customer in what a round reveals (docs/privacy.md). In place of an update a site sends one
 * sum: the gradients of a Poisson sample of its customers, each clipped; the server takes the step.
 */
export interface PlanPrivacy {
  readonly unit: 'customer';
  /**
   * Who adds the noise. `distributed`: every site a share, so that the shares of `minimumHonest` sites are the whole.
   * `local`: every site the whole. `central`: the coordinator, which then sees the sum without noise.
   */
  readonly mode: 'distributed' | 'local' | 'central';
  /** How the noise of one round goes with that of others; without it each has its own. */
  readonly mechanism?: TreeMechanism | undefined;
  /** L2 norm that one customer's gradient is clipped to. */
  readonly clipNorm: number;
  /** How the clip norm changes from round to round; without it it does not. */
  readonly clipping?: AdaptiveClipNorm | undefined;
  /**
   * Standard deviation of the noise (of a tree's, of each node's) / the most that one customer changes a round's sum by, with
   * the count where there is one.
   */
  readonly noiseMultiplier: number;
  /** Probability with which each customer, on its own, enters a round, (0, 1]; in a tree, of all rounds the share that each is in. */
  readonly samplingRate: number;
  /**
   * About how many customers the federation has, a public figure: the sum is divided by samplingRate * customers, because
   * the number that was really sampled depends on who takes part.
   */
  readonly customers: number;
  /** Probability with which the stated epsilon may be exceeded, below 1 / customers. */
  readonly delta: number;
  /** Sites of a sum, of those that are not in league with whom the privacy is meant against, whose noise is counted on. */
  readonly minimumHonest: number;
  /** Sites that may be in league with the coordinator; a sum has minimumHonest + colluding survivors at least. */
  readonly colluding: number;
  /** Most sites that may know one customer; with `homes` 1, as every customer counts at one site only. */
  readonly sitesPerCustomer: number;
  /** How a customer whom several sites know by the same identifier is counted once; null where no two sites share one. */
  readonly homes: {
    /** 64 hexadecimal digits. The same as long as the federation counts what its customers spend. */
    readonly salt: string;
    readonly sites: readonly string[];
  } | null;
}

const MOST_SITES = 1024;
/** As many as a flat cohort may have. */
const MOST_IN_COHORT = 10_000;
/** Longest sum in units of one customer's gradient: the float32 rounding of longer ones would show beside one customer. */
const MOST_IN_SUM = 4096;

export const planPrivacySchema: z.ZodType<PlanPrivacy> = z
  .strictObject({
    unit: z.literal('customer'),
    mode: z.enum(['distributed', 'local', 'central']),
    mechanism: treeMechanismSchema.optional(),
    clipNorm: z.number().positive().max(1e6),
    clipping: adaptiveClipNormSchema.optional(),
    noiseMultiplier: z.number().min(0.01).max(1e6),
    samplingRate: z.number().positive().max(1),
    customers: z.int().min(1).max(1e10),
    delta: z.number().min(1e-15).lt(1),
    minimumHonest: z.int().min(1).max(MOST_IN_COHORT),
    colluding: z.int().min(0).max(MOST_IN_COHORT),
    sitesPerCustomer: z.int().min(1).max(MOST_SITES),
    homes: z
      .strictObject({
        salt: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
        sites: z
          .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/))
          .min(1)
          .max(MOST_SITES)
          .refine((sites) => new Set(sites).size === sites.length, 'each site at most once'),
      })
      .nullable(),
  })
  .refine(({ delta, customers }) => delta * customers <= 1, {
    path: ['delta'],
    error:
      'must be at most 1 / customers: with a larger one, giving somebody’s data away in full would count as private',
  })
  .refine(({ samplingRate, customers }) => samplingRate * customers >= 1, {
    path: ['samplingRate'],
    error: 'samples less than one customer a round',
  })
  .refine(({ homes, sitesPerCustomer }) => homes === null || sitesPerCustomer === 1, {
    path: ['sitesPerCustomer'],
    error: 'is 1 where every customer has a home site',
  });

/** Whether the gradients of single customers by a group can be shared; vectors of single items stay at their site anyway. */
export function privatelyTrainable(group: string): boolean {
  return group.startsWith('sequence.') || (group.startsWith('item.') && group !== 'item.identity');
}

/** Probability with which a customer is in a round: each of the sites that know one samples on its own. */
export function customerSamplingRate({
  samplingRate,
  sitesPerCustomer,
}: Pick<PlanPrivacy, 'samplingRate' | 'sitesPerCustomer'>): number {
  return Math.min(1, -Math.expm1(sitesPerCustomer * Math.log1p(-samplingRate)));
}

/** A sum with fewer has less noise than was counted on, or none that somebody in league with the coordinator does not know. */
export function fewestSurvivors(privacy: PlanPrivacy | null | undefined): number {
  return privacy == null ? 0 : privacy.minimumHonest + privacy.colluding;
}

interface PrivateTemplate {
  readonly groups: Readonly<Record<string, { readonly scope: string }>>;
  readonly update: {
    readonly clipNorm: number;
    readonly valueBits?: number | undefined;
    readonly rotation?: boolean | undefined;
  };
  readonly aggregation?: Aggregation | undefined;
  readonly cohort: { readonly minimumSites: number };
  readonly server: { readonly optimizer: string };
  readonly privacy?: PlanPrivacy | null | undefined;
}

/** What a private plan must not combine; a path and a sentence for each fault. */
export function privacyFaults({
  groups,
  update,
  aggregation,
  cohort,
  server,
  privacy,
}: PrivateTemplate): { path: string[]; message: string }[] {
  if (privacy == null) return [];
  const scoped = (scope: string): string[] => Object.keys(groups).filter((name) => groups[name]?.scope === scope);
  const untrainable = scoped('federated').filter((name) => !privatelyTrainable(name));
  const local = scoped('local');
  const survivors = fewestSurvivors(privacy);
  const clipping = clippingFault(privacy, update.clipNorm);
  const tree = treeFault(privacy, { update, cohort, server });
  return [
    ...[clipping, tree].filter((fault) => fault !== null),
    ...untrainable.map((name) => ({
      path: ['groups', name],
      message:
        'a private plan cannot share it: single customers have no gradient of it that could be clipped. ' +
        'Freeze it; sequence.* and item.* can be shared',
    })),
    ...local.map((name) => ({
      path: ['groups', name],
      message:
        'a private plan has no local groups: what a site learned there without noise would show in its later sums. ' +
        'Freeze it, and use personalisation',
    })),
    ...(update.clipNorm < privacy.clipNorm || update.clipNorm > MOST_IN_SUM * privacy.clipNorm
      ? [
          {
            path: ['update', 'clipNorm'],
            message: `bounds a site's sum of gradients, each up to ${privacy.clipNorm}; make it 1 to ${MOST_IN_SUM} times that`,
          },
        ]
      : []),
    ...(smallestGroup(cohort.minimumSites, groupingRule(aggregation)) < survivors
      ? [
          {
            path: ['cohort', 'minimumSites'],
            message: `every sum needs privacy.minimumHonest + privacy.colluding sites, which is ${survivors}, and large cohorts are added up in groups of 64 and more unless they are flat`,
          },
        ]
      : []),
    ...(update.rotation === true
      ? [{ path: ['update', 'rotation'], message: 'a private sum is not rotated; it has all the bits of the ring' }]
      : []),
    ...(aggregation?.profile === 'robust'
      ? [
          {
            path: ['aggregation', 'profile'],
            message: 'the sums of small groups would each carry the whole noise: a private plan adds up large groups',
          },
        ]
      : []),
  ];
}

/**
 * What ring, noise and bounds of a private round follow from. `sites`: those of the largest group that advertised keys, all of
 * whose noise may be in the sum.
 *
 * @throws PlanError for more sites than the rounds of a tree are laid out for
 */
export function noisySumRules(
  plan: Pick<PrivateTemplate, 'privacy'> & {
    readonly update: { readonly clipNorm: number; readonly valueBits?: number | undefined };
    readonly vectorLength: number;
  },
  privacy: PlanPrivacy,
  sites: number,
): NoisySumRules {
  const { clipNorm, noiseMultiplier, sitesPerCustomer } = privacy;
  const counted = adaptsClipNorm(privacy)
    ? { sensitivity: countedSensitivity(privacy), countUnit: countUnit(privacy) }
    : { sensitivity: clipNorm };
  return {
    sites: laidOutFor(privacy, sites),
    length: plan.vectorLength,
    sumNorm: plan.update.clipNorm,
    ...counted,
    sitesPerCustomer,
    noiseMultiplier,
    noiseFrom: noiseFrom(privacy),
    valueBits: plan.update.valueBits,
  };
}

function noiseFrom(privacy: PlanPrivacy): NoisySumRules['noiseFrom'] {
  if (sharesTree(privacy)) return { nodes: mostNodesBetween(privacy.mechanism.rounds) };
  const { mode, minimumHonest } = privacy;
  return mode === 'distributed' ? { shares: minimumHonest } : mode === 'local' ? { shares: 1 } : 'coordinator';
}

/** The same in every round of a tree: the nodes' noise, whole quanta, is in the sums of many. */
function laidOutFor(privacy: PlanPrivacy, sites: number): number {
  if (!sharesTree(privacy)) return sites;
  const { sites: most } = privacy.mechanism;
  if (sites <= most) return most;
  throw new PlanError(
    'privacy.mechanism.sites',
    `${sites} sites take part; the rounds of the plan's tree are laid out for at most ${most}.`,
  );
}
