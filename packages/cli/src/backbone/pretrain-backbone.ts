import { rename, writeFile } from 'node:fs/promises';

import { featureDimensions, featurise, fitFeaturiser, readSite, type SiteSource } from '@noren/dataset';
import {
  openRelearner,
  prepareStudy,
  pretrain,
  writeBackbone,
  type Backbone,
  type RecommenderConfig,
} from '@noren/recommender';

export type BackboneProgress =
  | { readonly kind: 'encoding'; readonly what: string; readonly done: number; readonly total: number }
  | { readonly kind: 'training'; readonly epoch: number; readonly epochs: number; readonly loss: number };

export interface Pretraining {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

/**
 * Pretrains a backbone on headquarters' own data and writes it. Encoders are fitted on headquarters' catalogue and
 * travel inside the backbone. The file appears complete or not at all.
 */
export async function pretrainBackbone(o: {
  readonly source: SiteSource;
  /** What the source's relative paths start at. */
  readonly base: string;
  readonly file: string;
  readonly cacheFolder: string;
  /** Its widths of features give way to those of the encoders that the source names. */
  readonly config: RecommenderConfig;
  readonly pretraining: Pretraining;
  readonly seed: number;
  readonly onProgress: (progress: BackboneProgress) => void;
  readonly signal: AbortSignal;
}): Promise<{ readonly backbone: Backbone; readonly bytes: Uint8Array }> {
  const { base, cacheFolder, pretraining, seed, signal } = o;
  const { catalogue, sequences } = await readSite(o.source, base);
  const onProgress = (done: number, total: number, what: string): void =>
    o.onProgress({ kind: 'encoding', what, done, total });
  const encoding = { sources: o.source.features, base, cacheFolder, onProgress };
  const featuriser = await fitFeaturiser(catalogue, encoding);
  const features = await featurise(featuriser, catalogue, encoding);
  const config = { ...o.config, features: featureDimensions(featuriser) };
  signal.throwIfAborted();
  const relearner = openRelearner(prepareStudy({ features, sequences, config, seed }));
  try {
    const backbone = await pretrain(relearner, {
      ...pretraining,
      // Headquarters has no gate: all its customers may stop the training.
      stoppedBy: 'validation',
      featuriser,
      seed,
      onProgress: ({ epoch, epochs, loss }) => o.onProgress({ kind: 'training', epoch, epochs, loss }),
      signal,
    });
    const bytes = writeBackbone(backbone);
    await writeFile(`${o.file}.new`, bytes);
    await rename(`${o.file}.new`, o.file);
    return { backbone, bytes };
  } finally {
    await relearner.close();
  }
}
