import type { Featuriser } from '@noren/dataset';
import type { HostTensor } from '@noren/tensor/safetensors';
import type { Backbone } from '../backbone/backbone-file.ts';
import { modalities } from '../config/recommender-config.ts';
import { parameterGroups } from '../parameters/groups.ts';
import { freshValues } from '../parameters/start-values.ts';
import type { RelearnOptions } from './relearn-options.ts';
import type { Relearner } from './relearner.ts';

export type PretrainOptions = Pick<
  RelearnOptions,
  'epochs' | 'batchSize' | 'learningRate' | 'seed' | 'onProgress' | 'signal'
> &
  Partial<
    Pick<RelearnOptions, 'modalities' | 'weightDecay' | 'candidates' | 'rivals' | 'augmentation' | 'averaging'>
  > & {
    /** The frozen encoders that made the study's features; they travel with the backbone. */
    readonly featuriser: Pick<Featuriser, 'tensors'>;
    /** Default 8. */
    readonly patience?: number;
    /** Whose validation items stop it; default headquarters' early-stopping customers. */
    readonly stoppedBy?: 'early-stopping' | 'validation';
  };

/**
 * Trains a backbone on headquarters' own data: next item among the whole catalogue (among its batch and random others
 * where the catalogue is large), with a small image-text alignment, stopped by headquarters' own validation items.
 */
export async function pretrain(relearner: Relearner, o: PretrainOptions): Promise<Backbone> {
  const { featuriser, patience = 8, stoppedBy = 'early-stopping', ...options } = o;
  const { config } = relearner.study;
  const { values } = await relearner.relearn({
    modalities,
    ...options,
    values: freshValues(config, o.seed),
    trainable: () => true,
    earlyStopping: { patience, on: stoppedBy },
    alignment: true,
  });
  const tensors = new Map<string, HostTensor>(featuriser.tensors);
  const groups = parameterGroups(config);
  for (const { name, shape } of groups.flatMap((group) => group.tensors)) {
    tensors.set(name, { shape, data: values.get(name) ?? new Float32Array() });
  }
  return { config, tensors, groups: groups.map(({ name }) => name) };
}
