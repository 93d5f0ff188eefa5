import { initialValues, drawBatch, smallTransformer, type Sizes } from './small-transformer.ts';
import type { WorkerTaskContext } from '../worker/task.ts';
import { compile } from '../training/compile.ts';

export interface TrainInput {
  readonly sizes: Sizes;
  readonly steps: number;
}

/** Trains the small recommender and returns its parameters. */
export async function train(
  { sizes, steps }: TrainInput,
  { progress, threads }: WorkerTaskContext<number>,
): Promise<Map<string, Float32Array>> {
  const { loss, options } = smallTransformer(sizes, 0.1);
  const training = await compile(loss, { ...options, optimizer: { kind: 'adam' }, runtime: 'onnx', threads });
  training.load(initialValues(options));
  for (let step = 0; step < steps; step++) {
    await training.step(drawBatch(sizes, step), { learningRate: 1e-3 });
    progress(step + 1);
  }
  const values = training.values();
  await training.dispose();
  return values;
}
