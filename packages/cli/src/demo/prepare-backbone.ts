import { readFile } from 'node:fs/promises';

import { readBackbone, type Backbone } from '@noren/recommender';

import { pretrainBackbone, type BackboneProgress } from '../backbone/pretrain-backbone.ts';
import type { PreparedData } from './prepare-data.ts';
import type { DemoSettings } from './settings.ts';

/** Pretrains the backbone on headquarters' share of the data, or loads the file of an earlier run. */
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
  const { source, folder } = o.data.headquarters;
  const { config, pretraining, seed } = o.settings;
  const { file, cacheFolder, onProgress, signal } = o;
  const made = await pretrainBackbone({
    source,
    base: folder,
    file,
    cacheFolder,
    config,
    pretraining,
    seed,
    onProgress,
    signal,
  });
  return { ...made, cached: false };
}
