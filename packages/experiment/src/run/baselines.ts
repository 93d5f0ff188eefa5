import { evaluate, openBaselines, trainIdentityModel, type CustomerScores, type Relearner } from '@noren/recommender';
import type { Recipe } from './recipe.ts';

/** What every model has to beat, by name, with each site's test scores. */
export async function baselineScores(
  sites: readonly Relearner[],
  recipe: Recipe,
  threads: number,
): Promise<ReadonlyMap<string, readonly CustomerScores[]>> {
  const scores = new Map<string, CustomerScores[]>();
  const add = (name: string, one: CustomerScores): void => {
    scores.set(name, [...(scores.get(name) ?? []), one]);
  };
  const on = { on: 'test', history: 'masked' } as const;
  for (const { study } of sites) {
    const baselines = await openBaselines(study, { chosenOn: recipe.chosenOn, threads });
    for (const ranker of baselines.rankers) add(ranker.name, (await evaluate(study, ranker, on)).scores);
    await baselines.close();
    const { batchSize, weightDecay, candidates, rivals, augmentation, averaging, patience, chosenOn } = recipe;
    const model = await trainIdentityModel(study, {
      ...recipe.scratch,
      batchSize,
      weightDecay,
      candidates,
      rivals,
      augmentation,
      averaging,
      earlyStopping: { patience, on: chosenOn },
      seed: 1,
      threads,
    });
    add(model.ranker.name, (await evaluate(study, model.ranker, on)).scores);
    await model.close();
  }
  return scores;
}
