import type { Backbone } from '../backbone/backbone-file.ts';
import { backboneValues, freshValues } from '../parameters/start-values.ts';
import type { Relearned, RelearnOptions } from './relearn-options.ts';
import type { Relearner } from './relearner.ts';

/** What a site could do alone. Both stop by their own early stopping. */
export interface References {
  /** The same architecture, nothing kept of the backbone. */
  readonly scratch: Relearned;
  /** Everything fine-tuned from the backbone. */
  readonly local: Relearned;
}

export type ReferenceOptions = Omit<
  RelearnOptions,
  'values' | 'trainable' | 'earlyStopping' | 'proximal' | 'onProgress'
> & {
  readonly backbone: Backbone;
  /** Epochs without improvement before a reference stops; default 8. */
  readonly patience?: number;
  readonly onProgress?: (reference: keyof References, epoch: number, epochs: number) => void;
};

/** Trains both references of one site on its own data only. */
export async function trainReferences(relearner: Relearner, o: ReferenceOptions): Promise<References> {
  const { backbone, patience = 8, onProgress, ...options } = o;
  const train = (reference: keyof References, values: Map<string, Float32Array>): Promise<Relearned> =>
    relearner.relearn({
      ...options,
      values,
      trainable: () => true,
      earlyStopping: { patience },
      onProgress: ({ epoch, epochs }) => onProgress?.(reference, epoch, epochs),
    });
  const scratch = await train('scratch', freshValues(backbone.config, o.seed));
  const local = await train('local', backboneValues(backbone));
  return { scratch, local };
}
