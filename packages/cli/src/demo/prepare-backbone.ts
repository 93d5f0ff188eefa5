import { readFile, rename, writeFile } from 'node:fs/promises';

import { featurise, fitFeaturiser, readSite } from '@noren/dataset';
import { openRelearner, prepareStudy, pretrain, readBackbone, writeBackbone, type Backbone } from '@noren/recommender';

import type { PreparedData } from './prepare-data.ts';
import type { DemoSettings } from './settings.ts';

export type BackboneProgress =
  | { readonly kind: 'encoding'; readonly what: string; readonly done: number; readonly total: number }
  | { readonly kind: 'training'; readonly epoch: number; readonly epochs: number; readonly loss: number };

/**
 * Pretrains the backbone on headquarters' own data, or loads the file of an earlier run. Encoders are fitted on
 * headquarters' catalogue and travel inside the backbone.
 */
export async function prepareBackbone(o: {
  readonly file: string;
  readonly cacheFolder: string;
  readonly data: PreparedData;
  readonly settings: DemoSettings;
  readonly onProgress: (progress: BackboneProgress) => void;
  readonly signal: AbortSignal;
}): Promise<{ readonly backbone: Backbone; readonly bytes: Uint8Array; readonly cached: boolean }> {
  const before = await readFile(o.file).catch(() => undefined);
  if (before !== undefined) return { backbone: readBackbone(before), bytes: before, cached: true };

  const { headquarters } = o.data;
  const { catalogue, sequences } = await readSite(headquarters.source, headquarters.folder);
  const encoding = (done: number, total: number, what: string): void =>
    o.onProgress({ kind: 'encoding', what, done, total });
  const { cacheFolder } = o;
  const featuriser = await fitFeaturiser(catalogue, { cacheFolder, onProgress: encoding });
  const features = await featurise(featuriser, catalogue, { cacheFolder, onProgress: encoding });
  o.signal.throwIfAborted();
  const { config, pretraining, seed } = o.settings;
  const relearner = openRelearner(prepareStudy({ features, sequences, config, seed }));
  let backbone: Backbone;
  try {
    backbone = await pretrain(relearner, {
      ...pretraining,
      featuriser,
      seed,
      onProgress: ({ epoch, epochs, loss }) => o.onProgress({ kind: 'training', epoch, epochs, loss }),
      signal: o.signal,
    });
  } finally {
    await relearner.close();
  }
  const bytes = writeBackbone(backbone);
  await writeFile(`${o.file}.new`, bytes);
  await rename(`${o.file}.new`, o.file);
  return { backbone, bytes, cached: false };
}
