import { surveyLength, type PlanSurvey, type PlanTemplate, type SurveyProbe } from '@noren/protocol';
import { modalities, type ModalityName, type RecommenderConfig } from '../config/recommender-config.ts';
import { parameterGroups } from '../parameters/groups.ts';

/** Names of probes that the choice of a plan looks for. */
export const EVERYTHING = 'set.all';
export const REINITIALISED = 'start.reinit';
export const REINITIALISED_ONLY = 'start.reinit-only';
export const SCRATCH = 'start.scratch';

/** Where the item side begins: from the backbone's values, or anew. */
export type PlanStart = 'pretrained' | 'reinit';

/** The probe of everything, with only these modalities. */
export function stageProbe(start: PlanStart, stage: readonly ModalityName[]): string {
  if (stage.length === modalities.length) return start === 'pretrained' ? EVERYTHING : REINITIALISED;
  return `stage.${start}.${stage.join('+')}`;
}

/** Stages of a rollout that begins with text. */
export const rolloutStages: readonly (readonly ModalityName[])[] = [
  ['text'],
  ['text', 'image'],
  ['text', 'price'],
  ['text', 'image', 'price'],
];

/** The groups that hold how this shop's items map into the model's space: ANT learns these anew (Peng et al. 2023). */
export function isItemSide(group: string): boolean {
  return (group.startsWith('item.') && group !== 'item.norm') || group === 'sequence.position';
}

/**
 * What a survey asks by default:
 *
 * - `group.<name>`: each group alone, and the sets `set.item`, `set.sequence`, against `set.all`, everything, from the backbone;
 * - `start.reinit`: everything, with the item side begun anew, against everything from the backbone; `start.reinit-only`: of
 *   this the item side alone is trained; `start.scratch`: nothing kept;
 * - `stage.<start>.<modalities>`: everything, from either start, with fewer modalities, each against the stages it extends.
 */
export function defaultSurvey(config: RecommenderConfig): PlanSurvey {
  const groups = parameterGroups(config).map(({ name }) => name);
  const anew = groups.filter(isItemSide);
  const probe = (name: string, change: Partial<SurveyProbe>): SurveyProbe => {
    return { name, reinit: [], trained: groups, modalities, against: [], ...change };
  };
  const starts: readonly PlanStart[] = ['pretrained', 'reinit'];
  return {
    version: 1,
    probes: [
      ...groups.map((name) => probe(`group.${name}`, { trained: [name], against: [EVERYTHING] })),
      probe('set.item', { trained: groups.filter((name) => name.startsWith('item.')), against: [EVERYTHING] }),
      probe('set.sequence', { trained: groups.filter((name) => name.startsWith('sequence.')), against: [EVERYTHING] }),
      probe(SCRATCH, { reinit: groups }),
      probe(REINITIALISED_ONLY, {
        reinit: anew,
        trained: groups.filter((name) => isItemSide(name) || name === 'item.norm'),
        against: [REINITIALISED],
      }),
      ...starts.flatMap((start) =>
        rolloutStages.map((stage) => {
          const before = rolloutStages
            .filter((other) => other.length < stage.length && other.every((modality) => stage.includes(modality)))
            .map((other) => stageProbe(start, other));
          const from = stage.length === modalities.length && start === 'reinit' ? [EVERYTHING] : [];
          const reinit = start === 'reinit' ? anew : [];
          return probe(stageProbe(start, stage), { reinit, modalities: stage, against: [...before, ...from] });
        }),
      ),
    ],
  };
}

/**
 * A plan for a survey round. Cohort, deadlines, seed, and how a probe is trained are those of `like`, the probes' epochs
 * aside. Nothing is re-learned for keeps: every group is frozen.
 */
export function surveyTemplate(
  config: RecommenderConfig,
  o: { readonly like: PlanTemplate; readonly epochs: number; readonly survey?: PlanSurvey },
): PlanTemplate {
  const { like, epochs, survey = defaultSurvey(config) } = o;
  const groups = Object.fromEntries(
    parameterGroups(config).map(({ name }) => [name, { start: 'pretrained', scope: 'frozen' } as const]),
  );
  const { batchSize, learningRate, weightDecay } = like.training;
  return {
    version: 1,
    name: 'survey',
    groups,
    adapters: null,
    modalities,
    training: {
      epochs,
      batchSize,
      learningRate,
      weightDecay,
      augmentation: { thinning: 0, shuffling: 0 },
      objective: { kind: 'plain' },
      order: { kind: 'together' },
    },
    personalisation: null,
    references: like.references,
    update: {
      clipNorm: Math.sqrt(surveyLength({ groups, survey })),
      maximumWeight: like.update.maximumWeight,
    },
    server: like.server,
    cohort: like.cohort,
    deadlines: like.deadlines,
    gate: like.gate,
    seed: like.seed,
    survey,
  };
}
