import { tf } from '../engine.ts';
import { MINUS_ONE_AT } from '../trace/kernels/composite.ts';
import { graphKernelResult, tracing } from './graph-kernel.ts';
import { withGradient } from './with-gradient.ts';

/**
 * Weighted mean of the cross entropy of softmax(logits [n, classes]) against class numbers targets [n] (int32), with
 * example weights [n] (float32, >= 0): sum(w_i ce_i) / sum(w_i). Zero when all weights are zero. Padding rows need
 * weight 0 and any valid target.
 */
export function softmaxCrossEntropy(logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  const losses = crossEntropies(logits, targets);
  const total = tf.maximum(tf.sum(weights), 1e-12);
  return tf.div<tf.Scalar>(tf.sum(tf.mul(losses, weights)), total);
}

/** Cross entropy of softmax(logits [n, classes]) against the class number of each row, targets [n] (int32): [n]. */
export function crossEntropies(logits: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  return tracing() ? fusedLosses(logits, targets) : plainLosses(logits, targets);
}

function plainLosses(logits: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  const hot = tf.oneHot(targets, logits.shape.at(-1) ?? 0);
  return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), hot), -1));
}

/** Over a whole catalogue the logits are the largest tensor of a step: one pass forward, three back, no one-hot matrix. */
function fusedLosses(logits: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  const [count = 0] = logits.shape;
  return withGradient(
    [logits],
    ([scores]) => {
      const logs = graphKernelResult('LogSoftmax', { logits: scores });
      const points = tf.stack([tf.range(0, count, 1, 'int32'), targets], 1);
      return { value: tf.neg(tf.gatherND(logs, points)), saved: [logs, targets] as const };
    },
    (dy, [logs, places]) => {
      const change = graphKernelResult(MINUS_ONE_AT, { x: tf.exp(logs), places });
      return [tf.mul(change, tf.reshape(dy, [count, 1]))];
    },
  );
}
