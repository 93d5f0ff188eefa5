import { z } from 'zod';

import { hashSchema, roundIdSchema } from '../identifiers.ts';
import type { Hash, RoundId } from '../identifiers.ts';
import { aggregationFault, aggregationSchema, MAXIMUM_COHORT } from './plan-aggregation.ts';
import type { Aggregation } from './plan-aggregation.ts';
import { planPrivacySchema, privacyFaults } from './plan-privacy.ts';
import type { PlanPrivacy } from './plan-privacy.ts';
import { adaptersSchema } from './plan-adapters.ts';
import type { PlanAdapters } from './plan-adapters.ts';
import { evidenceSchema, surveyFault, surveySchema } from './plan-survey.ts';
import type { PlanEvidence, PlanSurvey } from './plan-survey.ts';
import {
  epochsSchema as epochs,
  learningRateSchema as learningRate,
  personalisationSchema,
  trainingFault,
  trainingSchema,
} from './plan-training.ts';
import type { PlanPersonalisation, PlanTraining } from './plan-training.ts';

/** Where a group's values start a round, and who shares what it learns. */
export interface PlanGroup {
  readonly start: 'pretrained' | 'reinit';
  readonly scope: 'frozen' | 'federated' | 'local';
}

export type PlanModality = 'text' | 'image' | 'price';

/** What an operator writes: one kind of round. Data only; an agent's abilities are compiled in. */
export interface PlanTemplate {
  readonly version: 1;
  readonly name: string;
  /** Every parameter group of the backbone and of the adapters, none missing (see checkPlanGroups). */
  readonly groups: Readonly<Record<string, PlanGroup>>;
  /** Null for none. */
  readonly adapters: PlanAdapters | null;
  readonly modalities: readonly PlanModality[];
  readonly training: PlanTraining;
  /** Null for nothing. */
  readonly personalisation: PlanPersonalisation | null;
  /** Most epochs the site's scratch and local references may take; they stop early by themselves. */
  readonly references: { readonly epochs: number };
  readonly update: {
    /** L2 norm an update is clipped to; in a private plan, a site's sum of gradients. */
    readonly clipNorm: number;
    /** Examples at which a site's weight saturates: w = min(n, maximumWeight) / maximumWeight. */
    readonly maximumWeight: number;
    /**
     * Bits of a site's quantised values, 8 .. 24; a masked element then travels in valueBits + ceil(log2 sites). Without it
     * in 32, the finest.
     */
    readonly valueBits?: number | undefined;
    /**
     * Whether updates are rotated at random before they are quantised: a value then needs nearly three bits less for the same
     * error. Without it they are not.
     */
    readonly rotation?: boolean | undefined;
  };
  /** How cohorts are divided and added up; `private` where the plan does not say. */
  readonly aggregation?: Aggregation | undefined;
  /** Differential privacy of every customer; without it (or null) sums are exact. */
  readonly privacy?: PlanPrivacy | null | undefined;
  readonly server: { readonly optimizer: 'fedavg' | 'fedadam'; readonly learningRate: number };
  readonly cohort: {
    readonly minimumSites: number;
    /** Fraction of the connected sites that suffices when recruiting ends, (0, 1]. */
    readonly quorum: number;
  };
  /** Seconds each phase may last. */
  readonly deadlines: {
    readonly recruiting: number;
    readonly keys: number;
    readonly relearning: number;
    readonly unmasking: number;
    readonly evaluating: number;
  };
  readonly gate: {
    /**
     * Of the federation's acceptance of a candidate, one-sided; and of each site's own gate over a year of rounds, whatever
     * their number.
     */
    readonly confidence: number;
    /** Non-inferiority margin in NDCG. */
    readonly margin: number;
  };
  readonly seed: number;
  /** Makes the round a survey: the sites measure what it asks for, no model changes. Its groups are all frozen. */
  readonly survey?: PlanSurvey | undefined;
  /** Where a survey chose this plan: what it was chosen from. Goes with every round, and so with every release. */
  readonly evidence?: PlanEvidence | undefined;
}

/** One execution of a template: what the coordinator signs and every site of the round holds. */
export interface RoundPlan extends PlanTemplate {
  readonly federation: string;
  readonly roundId: RoundId;
  /** 1, 2, 3, ... within the federation. */
  readonly round: number;
  readonly backbone: Hash;
  readonly release: Hash;
  /** float32 elements of the federated vector. */
  readonly vectorLength: number;
  /** SHA-256 of the plan of the round before, hexadecimal; null for the first. Sites see that no plan was hidden from them. */
  readonly previousPlanHash: Hash | null;
  /** Content address of the registrar's signed roster; null in a federation without a registrar. */
  readonly roster: Hash | null;
}

/** Groups a plan may name. */
export const MAXIMUM_PLAN_GROUPS = 512;
/** Elements of a federated vector: 1 GiB of float32. */
export const MAXIMUM_VECTOR_LENGTH: number = 2 ** 28;
/** Sites in one masking group; bounds every list of them in a message. */
export const MAXIMUM_SITES = 255;
/** A federation's name is part of certificates, paths and pages. */
export const federationNameSchema: z.ZodType<string, string> = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/, 'must be 1 to 64 letters, digits, spaces, dots, underscores or hyphens');

const groupName = z
  .string()
  .max(96)
  .regex(/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$/, 'group names are lower-case words joined by dots, such as item.text');
/** As long as a site's catalogue: there is nothing to add up, and its rows tell which items sell. */
const IDENTITY_GROUP = 'item.identity';
const planGroup = z.strictObject({
  start: z.enum(['pretrained', 'reinit']),
  scope: z.enum(['frozen', 'federated', 'local']),
});
const seconds = z.number().positive().max(604_800);

const templateShape = {
  version: z.literal(1),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'),
  groups: z
    .record(groupName, planGroup)
    .refine((groups) => Object.keys(groups).length <= MAXIMUM_PLAN_GROUPS, `at most ${MAXIMUM_PLAN_GROUPS} groups`)
    .refine(
      (groups) => groups[IDENTITY_GROUP]?.scope !== 'federated',
      `${IDENTITY_GROUP} holds the vectors of one site's own items and cannot be shared: give it the scope "local"`,
    ),
  adapters: adaptersSchema.nullable(),
  modalities: z
    .array(z.enum(['text', 'image', 'price']))
    .min(1)
    .refine((list) => new Set(list).size === list.length, 'each modality at most once'),
  training: trainingSchema,
  personalisation: personalisationSchema.nullable(),
  references: z.strictObject({ epochs }),
  update: z.strictObject({
    clipNorm: z.number().positive().max(1e6),
    maximumWeight: z.int().min(1).max(1e9),
    valueBits: z.int().min(8).max(24).optional(),
    rotation: z.boolean().optional(),
  }),
  aggregation: aggregationSchema.optional(),
  privacy: planPrivacySchema.nullable().optional(),
  server: z.strictObject({ optimizer: z.enum(['fedavg', 'fedadam']), learningRate }),
  cohort: z.strictObject({
    // With two sites each could subtract its own update from the sum and read the other's.
    minimumSites: z.int().min(3, 'secure aggregation needs at least 3 sites').max(MAXIMUM_COHORT),
    quorum: z.number().positive().max(1),
  }),
  deadlines: z.strictObject({
    recruiting: seconds,
    keys: seconds,
    relearning: seconds,
    unmasking: seconds,
    evaluating: seconds,
  }),
  gate: z.strictObject({ confidence: z.number().min(0.5).lt(1), margin: z.number().min(0).max(1) }),
  seed: z.int().min(0).max(0xffff_ffff),
  survey: surveySchema.optional(),
  evidence: evidenceSchema.optional(),
};

/** What no field says alone. */
function coherent(context: z.core.ParsePayload<PlanTemplate>): void {
  const { value, issues } = context;
  const faults = [trainingFault(value) ?? aggregationFault(value) ?? surveyFault(value), ...privacyFaults(value)];
  for (const fault of faults) {
    if (fault !== null) issues.push({ code: 'custom', input: value, ...fault, path: [...fault.path] });
  }
}

export const planTemplateSchema: z.ZodType<PlanTemplate> = z
  .strictObject(templateShape)
  .check(coherent)
  .refine(({ privacy }) => privacy?.mechanism?.place === undefined, {
    path: ['privacy', 'mechanism', 'place'],
    error: 'is for the coordinator to say, round by round: leave it out',
  });

export const planSchema: z.ZodType<RoundPlan, unknown> = z
  .strictObject({
    ...templateShape,
    federation: federationNameSchema,
    roundId: roundIdSchema,
    round: z.int().min(1).max(0xffff_ffff),
    backbone: hashSchema,
    release: hashSchema,
    vectorLength: z.int().min(1).max(MAXIMUM_VECTOR_LENGTH),
    previousPlanHash: hashSchema.nullable(),
    roster: hashSchema.nullable(),
  })
  .check(coherent)
  .refine(({ privacy }) => privacy?.mechanism === undefined || privacy.mechanism.place !== undefined, {
    path: ['privacy', 'mechanism', 'place'],
    error: 'is missing: a round of a tree has its place there',
  });
