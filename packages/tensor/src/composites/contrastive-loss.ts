import { tf } from '../engine.ts';
import { EXCLUDED } from './excluded.ts';
import { l2Normalise } from './l2-normalise.ts';
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts';

export interface ContrastiveInput {
  /** Row i of the queries belongs to row i of the keys, both [n, width]; all other rows are its negatives. */
  readonly queries: tf.Tensor;
  readonly keys: tf.Tensor;
  readonly temperature: number;
  /** Pair weights [n], >= 0; pairs of weight 0 count only as negatives of others. */
  readonly weights: tf.Tensor;
  /** What each key stands for, [n] int32: another pair of the same identity is no negative. */
  readonly identities?: tf.Tensor;
  /** Also asks each key for its query, and takes the mean (Radford et al. 2021). Default false. */
  readonly symmetric?: boolean;
}

/** In-batch contrastive loss over cosine / temperature, InfoNCE (van den Oord et al. 2018, equation 4). */
export function contrastiveLoss(o: ContrastiveInput): tf.Scalar {
  const [count = 0] = o.queries.shape;
  const similarities = tf.matMul(tf.mul(l2Normalise(o.queries), 1 / o.temperature), l2Normalise(o.keys), false, true);
  const logits = o.identities === undefined ? similarities : withoutTwins(similarities, o.identities, count);
  const own = tf.range(0, count, 1, 'int32');
  const forward = softmaxCrossEntropy(logits, own, o.weights);
  if (!o.symmetric) return forward;
  return tf.mul(tf.add(forward, softmaxCrossEntropy(tf.transpose(logits), own, o.weights)), 0.5);
}

function withoutTwins(logits: tf.Tensor, identities: tf.Tensor, count: number): tf.Tensor {
  const same = tf.equal(tf.reshape(identities, [count, 1]), tf.reshape(identities, [1, count]));
  const twins = tf.sub(tf.cast(same, 'float32'), tf.eye(count));
  return tf.add(logits, tf.mul(twins, EXCLUDED));
}
