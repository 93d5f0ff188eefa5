import { z } from 'zod';

/** One short re-learning that a survey tries at every site, always from the backbone. */
export interface SurveyProbe {
  /** Lower-case words joined by dots, + and hyphens, such as `stage.pretrained.text+price`. */
  readonly name: string;
  /** Groups that start with fresh values instead of the backbone's. */
  readonly reinit: readonly string[];
  /** Groups that are trained; the others stay as they start. */
  readonly trained: readonly string[];
  readonly modalities: readonly ('text' | 'image' | 'price')[];
  /** Probes that its quality is compared with customer by customer, besides the backbone as it is. */
  readonly against: readonly string[];
}

/** What every site of a survey round measures instead of re-learning. */
export interface PlanSurvey {
  readonly version: 1;
  readonly probes: readonly SurveyProbe[];
}

/** What the plan that a survey led to was chosen from. */
export interface PlanEvidence {
  /** Number of the survey's round, and the content address of its ring sum. */
  readonly round: number;
  readonly sum: string;
  /** Sites in the sum, by Kish's effective number. */
  readonly sites: number;
  /** One sentence a decision, in plain words. */
  readonly decisions: readonly string[];
  /** The figures that the decisions rest on, by measure (see surveyMeasures): mean over sites and its standard error. */
  readonly figures: Readonly<Record<string, { readonly mean: number; readonly standardError: number }>>;
}

export const MAXIMUM_PROBES = 64;
const MAXIMUM_COMPARISONS = 16;
const MAXIMUM_FIGURES = 64;

const probeName = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9]*([.+-][a-z0-9]+)*$/, 'probe names are lower-case words joined by dots, + or hyphens');
const groupList = z
  .array(z.string().max(96))
  .max(512)
  .refine((list) => new Set(list).size === list.length, 'each group at most once');

export const surveySchema: z.ZodType<PlanSurvey> = z.strictObject({
  version: z.literal(1),
  probes: z
    .array(
      z.strictObject({
        name: probeName,
        reinit: groupList,
        trained: groupList.min(1),
        modalities: z
          .array(z.enum(['text', 'image', 'price']))
          .min(1)
          .refine((list) => new Set(list).size === list.length, 'each modality at most once'),
        against: z.array(probeName).max(MAXIMUM_COMPARISONS),
      }),
    )
    .max(MAXIMUM_PROBES),
});

export const evidenceSchema: z.ZodType<PlanEvidence> = z.strictObject({
  round: z.int().min(1).max(0xffff_ffff),
  sum: z.string().regex(/^[0-9a-f]{64}$/),
  sites: z.number().min(1).max(100_000),
  decisions: z.array(z.string().min(1).max(500)).min(1).max(16),
  figures: z
    .record(z.string().max(160), z.strictObject({ mean: z.number(), standardError: z.number().min(0) }))
    .refine((figures) => Object.keys(figures).length <= MAXIMUM_FIGURES, `at most ${MAXIMUM_FIGURES} figures`),
});

interface PlanParts {
  readonly groups: Readonly<Record<string, { readonly scope: 'frozen' | 'federated' | 'local' }>>;
  readonly update: {
    readonly clipNorm: number;
    readonly valueBits?: number | undefined;
    readonly rotation?: boolean | undefined;
  };
  readonly aggregation?: { readonly profile: string } | undefined;
  readonly adapters: object | null;
  readonly privacy?: object | null | undefined;
  readonly survey?: PlanSurvey | undefined;
}

/** What the layout of a survey's vector follows from. */
export interface SurveyPlanParts {
  readonly groups: Readonly<Record<string, unknown>>;
  readonly survey: PlanSurvey;
}

export interface PlanFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What is wrong between a plan's survey and its other parts, or null. A plan that is no survey must share something. */
export function surveyFault(plan: PlanParts): PlanFault | null {
  const { survey, groups, update } = plan;
  const federated = Object.keys(groups).some((name) => groups[name]?.scope === 'federated');
  if (survey === undefined) {
    if (federated) return null;
    const message =
      'no group has scope "federated", so a round would share nothing: give at least one group that scope';
    return { path: ['groups'], message };
  }
  if (federated) return { path: ['groups'], message: 'a survey changes no model: no group may be federated' };
  const names = new Set(survey.probes.map(({ name }) => name));
  if (names.size !== survey.probes.length) {
    return { path: ['survey', 'probes'], message: 'two probes have the same name' };
  }
  for (const [at, { reinit, trained, against }] of survey.probes.entries()) {
    const group = [...reinit, ...trained].find((name) => !Object.hasOwn(groups, name));
    const path = ['survey', 'probes', at];
    if (group !== undefined) return { path, message: `the plan has no group "${group}"` };
    const other = against.find((name) => !names.has(name));
    if (other !== undefined) return { path, message: `there is no probe "${other}" to compare with` };
  }
  const bound = Math.sqrt(surveyLength({ groups, survey }));
  if (update.clipNorm < bound) {
    const message = `a survey of this size needs a clip norm of at least ${bound}, so that clipping changes nothing`;
    return { path: ['update', 'clipNorm'], message };
  }
  if (plan.adapters != null) {
    return { path: ['adapters'], message: "a survey tries the backbone's own groups: leave the adapters out" };
  }
  if (plan.privacy != null) {
    return { path: ['privacy'], message: 'a survey adds no noise to its sum: leave the privacy out, or ask for none' };
  }
  if (update.valueBits !== undefined || update.rotation === true) {
    return { path: ['update'], message: 'a survey is summed as finely as can be: leave valueBits and rotation out' };
  }
  // What robust combining gives is no mean, so no standard error follows from it.
  return plan.aggregation?.profile === 'robust'
    ? { path: ['aggregation'], message: 'a survey needs the mean over all sites: leave the robust aggregation out' }
    : null;
}

/** The sets of modalities the backbone is scored with, by bit: 1 text, 2 image, 4 price. */
export const modalitySubsets: readonly (readonly ('text' | 'image' | 'price')[])[] = Array.from(
  { length: 8 },
  (_, set) => (['text', 'image', 'price'] as const).filter((_modality, bit) => (set & (1 << bit)) !== 0),
);

/**
 * What a survey measures, in the order of its vector (layout version 1). NDCG is without cut-off, on the proposal customers.
 *
 * - `gradient.<group>`: log10(|g| / |theta|) at the backbone, clamped to -6 .. 2, as (log10 + 2) / 4
 * - `backbone`: NDCG of the backbone as it is; `backbone/none`: of its network alone, minus that of a ranking by chance
 * - `gain.<probe>`: NDCG of a probe minus that of the backbone
 * - `gain.<probe>/<other>`: NDCG of a probe minus that of another
 * - `subset.<modalities joined by +>`: NDCG of the backbone's network alone with these modalities, `subset.none` by chance
 * - `shapley.<modality>`: the modality's Shapley value over the eight subsets
 */
export function surveyMeasures({ groups, survey }: SurveyPlanParts): readonly string[] {
  return [
    ...Object.keys(groups)
      .toSorted(byCodeUnit)
      .map((group) => `gradient.${group}`),
    'backbone',
    'backbone/none',
    ...survey.probes.flatMap(({ name, against }) => [
      `gain.${name}`,
      ...against.map((other) => `gain.${name}/${other}`),
    ]),
    ...modalitySubsets.map(subsetMeasure),
    'shapley.text',
    'shapley.image',
    'shapley.price',
  ];
}

export function subsetMeasure(subset: readonly string[]): string {
  return `subset.${subset.length === 0 ? 'none' : subset.join('+')}`;
}

/**
 * Elements of a survey's vector: the site's weight, then every measure and its square. Each lies in [-1, 1], so no vector is
 * longer than the square root of this and a clip norm of that size changes none.
 */
export function surveyLength(plan: SurveyPlanParts): number {
  return 1 + 2 * surveyMeasures(plan).length;
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : 1;
}
