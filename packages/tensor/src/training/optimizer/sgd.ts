import { tf } from '../../engine.ts';
import type { SgdSpec } from '../../spec.ts';
import { vector, type Optimizer } from './optimizer.ts';

export function sgd({ momentum = 0 }: SgdSpec): Optimizer {
  return {
    memory: momentum > 0 ? ['velocity'] : [],
    scalars: ({ learningRate }) => ({ learningRate }),
    next: ({ parameters, memory, gradient, gradientScale, scalars }) => {
      const clipped = tf.mul(gradient, gradientScale);
      const learningRate = vector(scalars, 'learningRate');
      if (momentum === 0) return { parameters: tf.sub(parameters, tf.mul(clipped, learningRate)), memory: {} };
      const velocity = tf.add(tf.mul(vector(memory, 'velocity'), momentum), clipped);
      return { parameters: tf.sub(parameters, tf.mul(velocity, learningRate)), memory: { velocity } };
    },
  };
}
