import { mean, type CustomerScores, type ModalityName, type ModelValues, type Relearner } from '@noren/recommender';
import type { Recipe } from './recipe.ts';

export interface Measured {
  /** Weight of the sites' own counts that ranked their validation items best; one for all sites. */
  readonly priorWeight: number;
  /** By site, on test items: the network alone, and mixed with the site's counts. */
  readonly network: readonly CustomerScores[];
  readonly mixed: readonly CustomerScores[];
  /** Mean NDCG without cut-off over the customers who chose, mixed. */
  readonly validation: number;
}

/** Scores one model a site on test items, after the weight of the sites' counts was chosen on validation items. */
export async function measure(
  sites: readonly Relearner[],
  values: readonly ModelValues[],
  modalities: readonly ModalityName[],
  recipe: Recipe,
): Promise<Measured> {
  const score = async (on: 'test' | Recipe['chosenOn'], priorWeight: number): Promise<CustomerScores[]> => {
    const scores: CustomerScores[] = [];
    for (const [at, site] of sites.entries()) {
      scores.push(await site.score({ values: values[at] as ModelValues, modalities, on, priorWeight }));
    }
    return scores;
  };
  let best = { weight: 0, quality: -1 };
  for (const weight of [0, ...recipe.priorWeights]) {
    const scores = await score(recipe.chosenOn, weight);
    const quality = mean(Float64Array.from(scores.flatMap(({ ndcg }) => [...ndcg])));
    if (quality > best.quality) best = { weight, quality };
  }
  const network = await score('test', 0);
  const mixed = best.weight === 0 ? network : await score('test', best.weight);
  return { priorWeight: best.weight, network, mixed, validation: best.quality };
}
