import { featurise, type Featuriser, type FeaturiseOptions } from '@noren/dataset';
import { openRelearner, prepareStudy, type RecommenderConfig, type Relearner } from '@noren/recommender';
import type { ShopData } from '../federation/regroup.ts';

export interface ExperimentSite {
  readonly name: string;
  readonly relearner: Relearner;
}

/** Of the customers into early stopping, proposal and gate: as an agent divides them. */
const DIVISION_SEED = 1;

/** A shop's data with the frozen encoders' features, ready to train on. */
export async function openSite(
  name: string,
  { catalogue, sequences }: ShopData,
  o: {
    readonly config: RecommenderConfig;
    readonly featuriser: Featuriser;
    readonly encoding: FeaturiseOptions;
    readonly threads: number;
  },
): Promise<ExperimentSite> {
  const features = await featurise(o.featuriser, catalogue, o.encoding);
  const study = prepareStudy({ config: o.config, features, sequences, seed: DIVISION_SEED });
  return { name, relearner: openRelearner(study, { threads: o.threads }) };
}
