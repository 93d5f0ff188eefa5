import { crossEntropies, exampleCopies, gatherRows, tf, type Tensors } from '@noren/tensor';
import { isUsed } from '../parameters/groups.ts';
import { parameter, type Forward } from './forward.ts';
import { encodeItems } from './item-encoder.ts';
import { input, rivalScores, score } from './scores.ts';
import { encodeSequences } from './sequence-encoder.ts';

/**
 * The mean cross entropy of `nextItemLoss` for each history alone, [batch]; 0 for one without weight. Candidates are always
 * the whole catalogue: candidates drawn from the batch would let one customer's items into the loss of another.
 *
 * @param apart tensors of the item side by which gradients of single histories are taken; without any, all histories read the
 *   same item vectors
 */
export function lossesByHistory(
  forward: Forward,
  batch: Tensors,
  tables: Tensors,
  apart: readonly string[] = [],
): tf.Tensor {
  const [histories = 0, length = 1] = input(batch, 'histories').shape;
  const logits =
    apart.length === 0
      ? rivalScores(forward, batch, encodeItems(forward, tables))
      : scoresApart(forward, batch, tables, apart);
  const weights = tf.reshape(input(batch, 'weights'), [1, -1]);
  const losses = tf.mul(tf.reshape(crossEntropies(logits, input(batch, 'targets')), [1, -1]), weights);
  const rows = tf.floorDiv(input(batch, 'places'), tf.scalar(length, 'int32'));
  // Not tf.oneHot, which refuses a batch of one.
  const owner = tf.cast(tf.equal(tf.expandDims(rows, 1), tf.range(0, histories, 1, 'int32')), 'float32');
  const count = tf.maximum(tf.matMul(weights, owner), 1e-12);
  return tf.reshape(tf.div(tf.matMul(losses, owner), count), [histories]);
}

/**
 * The same scores, [places, items], with the catalogue encoded once for every history, from its own copy of the item side's
 * parameters. Every softmax reads the whole catalogue, so this is what the gradient of a single history costs: a pass
 * over all items.
 */
function scoresApart(forward: Forward, batch: Tensors, tables: Tensors, apart: readonly string[]): tf.Tensor {
  const histories = input(batch, 'histories');
  const [count = 0] = histories.shape;
  const copies = apart
    .filter((name) => isUsed(name, forward.stage))
    .map((name) => [name, exampleCopies(parameter(forward, name), count)] as const);
  const catalogues = Array.from({ length: count }, (_, at) => {
    const own = Object.fromEntries(copies.map(([name, copy]) => [name, slab(copy, at)]));
    return encodeItems({ ...forward, parameters: { ...forward.parameters, ...own } }, tables).vectors;
  });
  const bought = tf.stack(catalogues.map((items, at) => gatherRows(items, slab(histories, at))));
  const states = encodeSequences(forward, bought);
  const scores = tf.concat(catalogues.map((items, at) => score(forward, slab(states, at), items)));
  return tf.add(gatherRows(scores, input(batch, 'places')), input(batch, 'excluded'));
}

/** x[at], without the first axis. */
function slab(x: tf.Tensor, at: number): tf.Tensor {
  const [, ...shape] = x.shape;
  return tf.reshape(tf.slice(x, [at, ...shape.map(() => 0)], [1, ...shape]), shape);
}
