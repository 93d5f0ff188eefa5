import { compileInference } from '../compile-inference.ts';
import { tf } from '../engine.ts';
import type { Runtime } from '../spec.ts';
import { uniformSource } from './uniform-source.ts';

/** GFLOP/s of a runtime at the best of some square products: what the machine's arithmetic can give a step. */
export async function matrixRate(runtime: Runtime, size = 1024): Promise<number> {
  const product = await compileInference(
    (_, { left = tf.scalar(0), right = tf.scalar(0) }) => ({ sum: tf.sum(tf.matMul(left, right)) }),
    { parameters: [], runtime },
  );
  product.load(new Map());
  const uniform = uniformSource(1);
  const square = { shape: [size, size], data: Float32Array.from({ length: size * size }, uniform) };
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 6; run++) {
    const begin = performance.now();
    await product.run({ left: square, right: square });
    best = Math.min(best, performance.now() - begin);
  }
  await product.dispose();
  return (2 * size ** 3) / best / 1e6;
}
