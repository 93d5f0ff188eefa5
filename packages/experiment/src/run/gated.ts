import {
  backboneValues,
  noHarmGate,
  type Backbone,
  type CustomerScores,
  type EvaluationSet,
  type ModelValues,
  type Relearner,
} from '@noren/recommender';
import type { Setting } from './adapt.ts';

/** The demonstration's gate, and a site's first of the year: what is in service is its own model from scratch. */
const GATE = { confidence: 0.8, margin: 0.02 };

/** The values that each site would serve once its no-harm gate has judged them, and how many sites left scratch. */
export async function gated(
  sites: readonly Relearner[],
  models: Readonly<Record<'scratch' | 'local' | 'federated', readonly ModelValues[]>>,
  backbone: Backbone,
  { modalities, seed }: Setting,
): Promise<{ readonly values: readonly ModelValues[]; readonly adopted: number }> {
  const values: ModelValues[] = [];
  let adopted = 0;
  for (const [at, site] of sites.entries()) {
    const own = {
      scratch: models.scratch[at] as ModelValues,
      backbone: backboneValues(backbone),
      local: models.local[at] as ModelValues,
      federated: models.federated[at] as ModelValues,
    };
    const score = (model: keyof typeof own, on: EvaluationSet): Promise<CustomerScores> =>
      site.score({ values: own[model], modalities, on });
    const verdict = await noHarmGate({
      validation: {
        scores: {
          backbone: await score('backbone', 'proposal'),
          local: await score('local', 'proposal'),
          federated: await score('federated', 'proposal'),
        },
        service: await score('scratch', 'proposal'),
      },
      gateCustomers: site.study.split.gate.length,
      score: (model) => score(model === 'service' || model === 'blend' ? 'scratch' : model, 'gate'),
      ...GATE,
      tests: 0,
      roundsSinceTest: 0,
      seed,
    });
    const { chosen } = verdict;
    const left = chosen !== null && chosen !== 'scratch' && chosen !== 'blend';
    adopted += left ? 1 : 0;
    values.push(left ? own[chosen] : own.scratch);
  }
  return { values, adopted };
}
