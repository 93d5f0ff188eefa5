import { tf } from '../../engine.ts';
import type { AdamSpec } from '../../spec.ts';
import { vector, type Optimizer } from './optimizer.ts';

/** Kingma and Ba 2015, in the efficient order at the end of section 2. */
export function adam(spec: AdamSpec): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = spec;
  const weightDecay = spec.kind === 'adamw' ? (spec.weightDecay ?? 0.01) : 0;
  return {
    memory: ['first', 'second'],
    scalars: ({ learningRate }, step) => {
      const correction = Math.sqrt(1 - beta2 ** step);
      return {
        stepSize: (learningRate * correction) / (1 - beta1 ** step),
        // Keeps epsilon beside the corrected second moment.
        epsilon: epsilon * correction,
        retained: 1 - learningRate * weightDecay,
      };
    },
    next: ({ parameters, memory, gradient, gradientScale, scalars }) => {
      const ofFirst = tf.mul(gradientScale, 1 - beta1);
      const ofSecond = tf.mul(tf.square(gradientScale), 1 - beta2);
      const first = tf.add(tf.mul(vector(memory, 'first'), beta1), tf.mul(gradient, ofFirst));
      const second = tf.add(tf.mul(vector(memory, 'second'), beta2), tf.mul(tf.square(gradient), ofSecond));
      const change = tf.div(
        tf.mul(first, vector(scalars, 'stepSize')),
        tf.add(tf.sqrt(second), vector(scalars, 'epsilon')),
      );
      const kept = weightDecay > 0 ? tf.mul(parameters, vector(scalars, 'retained')) : parameters;
      return { parameters: tf.sub(kept, change), memory: { first, second } };
    },
  };
}
