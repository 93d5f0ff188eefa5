import { MAXIMUM_COHORT, type PlanPrivacy } from '@noren/protocol';
import { z } from 'zod';

/** What the site lets out about how well a candidate does here. */
export type EvaluationShare = 'metrics' | 'verdict' | 'none';

/** When the site may take part, in the wall-clock time of `timeZone`. `from` after `to` means over midnight. */
export interface Hours {
  readonly from: string;
  readonly to: string;
  /** IANA name, e.g. `Asia/Tokyo`. */
  readonly timeZone: string;
}

/** The site's own floor. It is read from the site's disk only; nothing that arrives over the wire can change it. */
export interface SitePolicy {
  /** Fewest sites whose updates may be added up with this site's. At least 3: with 2 the other can be computed. */
  readonly minimumSites: number;
  /** Smallest share of a round's sites that must work together to unmask anything, above 1/2 up to 1. */
  readonly minimumThresholdFraction: number;
  /** Parameter groups whose update may leave: `all`, or names; `item.*` allows every group below `item`. */
  readonly federatedGroups: 'all' | string[];
  /**
   * Backbones that this site re-learns, SHA-256 in lower-case hex: `all`, or those that somebody it trusts has looked at. Encoders
   * and architecture decide what an update can say about the purchases it was learned from.
   */
  readonly backbones: 'all' | string[];
  /** Most passes over the data in re-learning, and in personalisation. */
  readonly maximumEpochs: number;
  /** Most passes over the data to train the site's own references, once per backbone and state of the data. */
  readonly maximumReferenceEpochs: number;
  /** Largest L2 norm of an update. */
  readonly maximumClipNorm: number;
  /** Fewest customers this site must have, so that its update is about many people. */
  readonly minimumCustomers: number;
  readonly hours: Hours | null;
  /** Most rounds this site joins in any 24 hours; null for any number. Every sum says something about its members. */
  readonly maximumRoundsPerDay: number | null;
  /**
   * The registrar's Ed25519 key, 64 hexadecimal digits: this site masks only with sites on a roster signed with it. Null:
   * the coordinator says who the sites are.
   */
  readonly registrarKey: string | null;
  /**
   * Smallest share of the registrar's active sites that must take part, 0 .. 1, in all groups of the round: with fewer this site
   * leaves before it has sent a share. 0 for any number; needs `registrarKey`.
   */
  readonly minimumRosterFraction: number;
  readonly evaluation: EvaluationShare;
  /**
   * What may be known about any one customer after all private rounds: (epsilon, delta) of the data that `asset` names, 'customers'
   * unless the administrator says otherwise, who gives other people's data another name. With a budget the site takes part
   * in private rounds only, and in no round beyond it; null for no bound.
   */
  readonly privacyBudget: { readonly asset: string; readonly epsilon: number; readonly delta: number } | null;
  /** Least noise multiplier of a plan; above 0 the site takes part in private rounds only. */
  readonly minimumNoiseMultiplier: number;
  /** Least number of sites in league with the coordinator that shared noise must stand; a plan's own figure may be larger. */
  readonly minimumColluding: number;
  /** Sites that may know one of this site's customers, where a plan does not give each of them a home. */
  readonly minimumSitesPerCustomer: number;
  /** Who may add the noise. `central` trusts the coordinator with the sum without noise. */
  readonly privacyModes: PlanPrivacy['mode'][];
  /**
   * Whether this site takes part in robust rounds, in which the sums of small groups are seen and compared: each hides it among a
   * few sites only, others every round.
   */
  readonly smallGroups: boolean;
  /** Whether this site takes part in surveys, whose sums say how well models do here. */
  readonly surveys: boolean;
  /** Least confidence, over a year, with which the gate lets a model into service. */
  readonly minimumGateConfidence: number;
  /** Largest loss of NDCG that the gate may still call no harm. */
  readonly maximumGateMargin: number;
}

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 22:00');

const timeZone = z.string().refine(isTimeZone, 'is not a time zone this machine knows, such as Asia/Tokyo');

/** What an administrator writes: every clause has a default. */
export type SitePolicyInput = {
  readonly [Clause in Exclude<keyof SitePolicy, 'privacyBudget'>]?: SitePolicy[Clause] | undefined;
} & {
  readonly privacyBudget?:
    | { readonly asset?: string | undefined; readonly epsilon: number; readonly delta: number }
    | null
    | undefined;
};

const clauses = z.strictObject({
  minimumSites: z.int().min(3).max(MAXIMUM_COHORT).default(3),
  minimumThresholdFraction: z.number().gt(0.5).max(1).default(0.6),
  federatedGroups: z.union([z.literal('all'), z.array(z.string().min(1).max(128)).max(512)]).default('all'),
  backbones: z
    .union([
      z.literal('all'),
      z
        .array(z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256'))
        .min(1)
        .max(64),
    ])
    .default('all'),
  maximumEpochs: z.int().min(1).max(10_000).default(50),
  maximumReferenceEpochs: z.int().min(1).max(10_000).default(200),
  maximumClipNorm: z.number().positive().max(1e6).default(100),
  minimumCustomers: z.int().min(1).max(1_000_000_000).default(20),
  hours: z.strictObject({ from: clock, to: clock, timeZone }).nullable().default(null),
  maximumRoundsPerDay: z.int().min(1).max(10_000).nullable().default(null),
  registrarKey: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the 64 hexadecimal digits that `noren registrar key` prints')
    .nullable()
    .default(null),
  minimumRosterFraction: z.number().min(0).max(1).default(0),
  evaluation: z.enum(['metrics', 'verdict', 'none']).default('metrics'),
  privacyBudget: z
    .strictObject({
      asset: z.string().min(1).max(128).default('customers'),
      epsilon: z.number().positive().max(1000),
      delta: z.number().min(1e-15).lt(1),
    })
    .nullable()
    .default(null),
  minimumNoiseMultiplier: z.number().min(0).max(1e6).default(0),
  minimumColluding: z.int().min(0).max(1024).default(0),
  minimumSitesPerCustomer: z.int().min(1).max(1024).default(1),
  privacyModes: z
    .array(z.enum(['distributed', 'local', 'central']))
    .min(1)
    .max(3)
    .default(['distributed', 'local']),
  smallGroups: z.boolean().default(false),
  surveys: z.boolean().default(true),
  minimumGateConfidence: z.number().min(0.5).lt(1).default(0.8),
  maximumGateMargin: z.number().min(0).max(1).default(0.05),
});

export const sitePolicySchema: z.ZodType<SitePolicy, SitePolicyInput> = clauses.refine(
  ({ minimumRosterFraction, registrarKey }) => minimumRosterFraction === 0 || registrarKey !== null,
  {
    path: ['minimumRosterFraction'],
    error: 'is a share of the sites that a registrar lists: name its key as registrarKey',
  },
);

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format();
    return true;
  } catch {
    return false;
  }
}

/** Whose data the policy's privacy is about. */
export function dataAsset({ privacyBudget }: SitePolicy): string {
  return privacyBudget?.asset ?? 'customers';
}
