import { compileInference } from '../compile-inference.ts';
import { tf } from '../engine.ts';
import type { PerExampleSpec } from '../per-example/per-example-spec.ts';
import { sizeOf } from '../safetensors/tensor-file.ts';
import type { Batch, Runtime } from '../spec.ts';

/** Each example's gradient, flat over the trainable parameters, by one ordinary backward pass for each of them. */
export async function gradientsOneByOne(
  single: PerExampleSpec,
  values: ReadonlyMap<string, Float32Array>,
  batch: Batch,
  runtime: Runtime,
): Promise<Float32Array[]> {
  const trainable = single.parameters.filter(({ name }) => single.trainable(name));
  const { parameters, inputs, constants = {} } = single;
  const inference = await compileInference(
    (p, x, c) => {
      const { grads } = tf.engine().gradients(
        () => tf.sum(single.losses(p, x, c)),
        trainable.map(({ name }) => p[name] ?? tf.scalar(0)),
        undefined,
        true,
      );
      const flat = trainable.map(({ shape }, i) => tf.reshape(grads[i] ?? tf.zeros([...shape]), [-1]));
      return { gradient: tf.concat(flat) };
    },
    { parameters, constants, runtime },
  );
  inference.load(values);
  const gradients: Float32Array[] = [];
  const [count = 0] = Object.entries(inputs).map(
    ([name, { shape }]) => (batch[name]?.data.length ?? 0) / sizeOf(shape),
  );
  for (let example = 0; example < count; example += 1) {
    const rows = Object.entries(inputs).map(([input, { shape }]) => {
      const size = sizeOf(shape);
      const data = batch[input]?.data.slice(example * size, (example + 1) * size) ?? new Float32Array();
      return [input, { shape, data }] as const;
    });
    const { gradient } = await inference.run(Object.fromEntries(rows));
    gradients.push(Float32Array.from(gradient?.data ?? []));
  }
  await inference.dispose();
  return gradients;
}

/** Norms and the weighted sum of clipped gradients, in double precision. */
export function clipAndSum(
  gradients: readonly Float32Array[],
  { clipNorm, weights }: { readonly clipNorm: number; readonly weights: ArrayLike<number> },
): { norms: number[]; sum: number[]; clipped: number } {
  const norms = gradients.map((gradient) => Math.sqrt(gradient.reduce((total, value) => total + value ** 2, 0)));
  const sum = Array.from({ length: gradients[0]?.length ?? 0 }, () => 0);
  gradients.forEach((gradient, example) => {
    const factor = (weights[example] ?? 0) * Math.min(1, clipNorm / (norms[example] ?? 1));
    gradient.forEach((value, place) => {
      sum[place] = (sum[place] ?? 0) + factor * value;
    });
  });
  const clipped = norms.filter((norm, example) => (weights[example] ?? 0) > 0 && norm > clipNorm).length;
  return { norms, sum, clipped };
}
