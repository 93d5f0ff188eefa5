import { compileInference, tf } from '@noren/tensor';
import { modalities } from '../config/recommender-config.ts';
import { featureTables } from '../model/feature-tables.ts';
import { nextItemLoss } from '../model/scores.ts';
import { groupOf, parameterGroups } from '../parameters/groups.ts';
import type { ModelValues } from '../parameters/values.ts';
import { batchesOf, batchShape, batchTensors } from '../study/batches.ts';
import type { Study } from '../study/study.ts';

/** The gradient of one window's mean loss by an ordinary backward pass, for each window, flat over the trained groups. */
export async function windowGradients(
  { config, windows, features }: Study,
  o: { readonly values: ModelValues; readonly chosen: Int32Array; trainable(group: string): boolean },
): Promise<Float32Array[]> {
  const { items } = features;
  const shape = batchShape(windows, { batchSize: 1, items, candidates: items, aligned: 0 });
  const tensors = parameterGroups(config).flatMap((group) => group.tensors);
  const trained = tensors.filter(({ name }) => o.trainable(groupOf(name)));
  const inference = await compileInference(
    (parameters, batch, tables) => {
      const { grads } = tf.engine().gradients(
        () => nextItemLoss({ config, stage: modalities, parameters }, batch, tables).loss,
        trained.map(({ name }) => parameters[name] ?? tf.scalar(0)),
      );
      // What no loss depends on, such as the noise of a gate that has none, has no gradient at all.
      const parts = grads.map((gradient: tf.Tensor | null, at) =>
        tf.reshape(gradient ?? tf.zeros([...(trained[at]?.shape ?? [])]), [-1]),
      );
      return { gradient: tf.concat(parts) };
    },
    { parameters: tensors, constants: featureTables({ config, features, stage: modalities }) },
  );
  inference.load(o.values);
  const gradients: Float32Array[] = [];
  for (const batch of batchesOf(windows, shape, o.chosen)) {
    const { gradient } = await inference.run(batchTensors(batch, shape));
    gradients.push(Float32Array.from(gradient?.data ?? []));
  }
  await inference.dispose();
  return gradients;
}
