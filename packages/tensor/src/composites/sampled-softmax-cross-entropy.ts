import { tf } from '../engine.ts';
import { EXCLUDED } from './excluded.ts';
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts';

export interface SampledSoftmaxInput {
  /** Logits of the true class of each example, [n]. */
  readonly positive: tf.Tensor;
  /** Logits of the sampled classes, shared by all examples, [n, samples]. */
  readonly negatives: tf.Tensor;
  /** True classes [n] and sampled classes [samples], int32. A sample that is the true class of an example is no rival there. */
  readonly targets: tf.Tensor;
  readonly samples: tf.Tensor;
  /** Example weights [n], >= 0. */
  readonly weights: tf.Tensor;
  /**
   * Log of the expected number of times each class is sampled, of the targets [n] and of the samples [samples]. Subtracted
   * from the logits, it makes the gradient that of the full softmax as the samples grow (Jean et al. 2015, section 3;
   * Bengio and Senecal 2008). Leave out for uniform samples, where it is a constant.
   */
  readonly logExpectedCounts?: { readonly targets: tf.Tensor; readonly samples: tf.Tensor };
}

/** Weighted mean cross entropy of the true class against sampled ones; see softmaxCrossEntropy for the weights. */
export function sampledSoftmaxCrossEntropy(o: SampledSoftmaxInput): tf.Scalar {
  const [count = 0] = o.negatives.shape;
  const column = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [count, 1]);
  const counts = o.logExpectedCounts;
  const positive = counts === undefined ? o.positive : tf.sub(o.positive, counts.targets);
  const negatives = counts === undefined ? o.negatives : tf.sub(o.negatives, counts.samples);
  const hits = tf.cast(tf.equal(column(o.targets), tf.expandDims(o.samples, 0)), 'float32');
  const logits = tf.concat([column(positive), tf.add(negatives, tf.mul(hits, EXCLUDED))], 1);
  return softmaxCrossEntropy(logits, tf.zeros([count], 'int32'), o.weights);
}
