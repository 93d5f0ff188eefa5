import type { Batch, Loss, Runtime, TrainingOptions, Values } from '../spec.ts';
import { compile, type Training } from '../training/compile.ts';
import { drawShopBatch, shopTransformer, shopValues, type ShopLoss, type ShopSizes } from './shop-transformer.ts';
import { drawBatch, initialValues, smallTransformer, type Sizes } from './small-transformer.ts';

const trainable = {
  everything: (): boolean => true,
  sequence: (name: string): boolean => name.startsWith('sequence.'),
  items: (name: string): boolean => name.startsWith('item.'),
  /** Feed-forward layers and norms of the blocks. */
  blocks: (name: string): boolean => name.startsWith('sequence.block.') && /norm|feedforward/.test(name),
  /** As a re-learning plan does: the item side and the positions. */
  ant: (name: string): boolean => !name.startsWith('sequence.block.'),
} as const;

/** A training that pytorch/steps.py does as well: Adam with the same values and batches. Written to it as JSON. */
export type Workload = {
  readonly trained: keyof typeof trainable;
  /** Largest gradient norm; null for none. */
  readonly clip: number | null;
} & (
  | { readonly model: 'small'; readonly sizes: Sizes }
  | { readonly model: 'shop'; readonly sizes: ShopSizes; readonly loss: ShopLoss }
);

export interface WorkloadDefinition {
  readonly loss: Loss;
  readonly options: TrainingOptions;
  readonly initial: Values;
  /** The batch of a step. */
  readonly batch: (step: number) => Batch;
}

export function definitionOf(workload: Workload): WorkloadDefinition {
  const { trained, clip } = workload;
  const { loss, options } =
    workload.model === 'small' ? smallTransformer(workload.sizes, 0) : shopTransformer(workload.sizes, workload.loss);
  const { parameters, constants = {}, seed } = options;
  return {
    loss,
    options: {
      parameters,
      constants,
      seed,
      ...(clip === null ? {} : { clipGradientNorm: clip }),
      trainable: trainable[trained],
      optimizer: { kind: 'adam' },
    },
    initial: workload.model === 'small' ? initialValues(options) : shopValues(parameters),
    batch: (step) =>
      workload.model === 'small' ? drawBatch(workload.sizes, step) : drawShopBatch(workload.sizes, workload.loss, step),
  };
}

export async function trainingOf({ loss, options, initial }: WorkloadDefinition, runtime: Runtime): Promise<Training> {
  const training = await compile(loss, { ...options, runtime });
  training.load(initial);
  return training;
}
