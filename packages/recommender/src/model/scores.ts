import {
  contrastiveLoss,
  crossEntropies,
  gatherRows,
  l2Normalise,
  softmaxCrossEntropy,
  tf,
  type Tensors,
} from '@noren/tensor';
import type { Forward } from './forward.ts';
import { encodeItems, type EncodedItems } from './item-encoder.ts';
import { encodeSequences } from './sequence-encoder.ts';

/** Cosine / temperature of states [n, dimension] to every item [items, dimension]: [n, items]. */
function score({ config }: Forward, states: tf.Tensor, items: tf.Tensor): tf.Tensor {
  const scaled = tf.mul(l2Normalise(states), 1 / config.temperature);
  return tf.matMul(scaled, l2Normalise(items), false, true);
}

/** The states at flat places (`row * length + column`, int32) of [batch, length, dimension]. */
function statesAt({ config }: Forward, states: tf.Tensor, places: tf.Tensor): tf.Tensor {
  return gatherRows(tf.reshape(states, [-1, config.dimension]), places);
}

/**
 * Mean cross entropy of the next item over all candidates, at every position that has weight.
 * `batch`: `histories` [batch, length], `places` [n], `targets` [n] (rows of the candidates), `weights` [n], `excluded`
 * [n, candidates] (0, or far below where the customer has the item already: it is not proposed, so it is no rival), and
 * `candidates` (rows of the catalogue) where they are not the whole catalogue.
 */
export function nextItemLoss(
  forward: Forward,
  batch: Tensors,
  tables: Tensors,
): { loss: tf.Scalar; items: EncodedItems } {
  const items = encodeItems(forward, tables, batch['candidates']);
  const logits = rivalScores(forward, batch, items);
  return { loss: softmaxCrossEntropy(logits, input(batch, 'targets'), input(batch, 'weights')), items };
}

/**
 * The same mean for each history alone, [batch]; 0 for one without weight. Candidates are always the whole catalogue:
 * candidates drawn from the batch would let one customer's items into the loss of another.
 */
export function lossesByHistory(forward: Forward, batch: Tensors, tables: Tensors): tf.Tensor {
  const [histories = 0, length = 1] = input(batch, 'histories').shape;
  const logits = rivalScores(forward, batch, encodeItems(forward, tables));
  const weights = tf.reshape(input(batch, 'weights'), [1, -1]);
  const losses = tf.mul(tf.reshape(crossEntropies(logits, input(batch, 'targets')), [1, -1]), weights);
  const rows = tf.floorDiv(input(batch, 'places'), tf.scalar(length, 'int32'));
  // Not tf.oneHot, which refuses a batch of one.
  const owner = tf.cast(tf.equal(tf.expandDims(rows, 1), tf.range(0, histories, 1, 'int32')), 'float32');
  const count = tf.maximum(tf.matMul(weights, owner), 1e-12);
  return tf.reshape(tf.div(tf.matMul(losses, owner), count), [histories]);
}

/** Scores of the candidates at each predicted position, [n, candidates], far below 0 where they are excluded. */
function rivalScores(forward: Forward, batch: Tensors, { vectors }: EncodedItems): tf.Tensor {
  const states = encodeSequences(forward, vectors, input(batch, 'histories'));
  const logits = score(forward, statesAt(forward, states, input(batch, 'places')), vectors);
  return tf.add(logits, input(batch, 'excluded'));
}

/**
 * In-batch image -> text contrast (ANT's alignment): each of the chosen candidates that has an image and a text should
 * find its own text among those of the others. `batch.aligned` [n] are rows of the candidates, `batch.alignedWeights` [n].
 */
export function alignmentLoss(forward: Forward, batch: Tensors, items: EncodedItems): tf.Scalar {
  const rows = input(batch, 'aligned');
  const chosen = (name: string): tf.Tensor => {
    const found = items.contributions.find(({ modality }) => modality === name);
    if (found === undefined) throw new TypeError(`alignment needs ${name}`);
    return gatherRows(found.vector, rows);
  };
  return contrastiveLoss({
    queries: chosen('image'),
    keys: chosen('text'),
    temperature: forward.config.temperature,
    weights: input(batch, 'alignedWeights'),
  });
}

/** Scores [batch, items] of the whole catalogue after the interaction at `places` [batch]. */
export function catalogueScores(forward: Forward, batch: Tensors, tables: Tensors): tf.Tensor {
  const { vectors } = encodeItems(forward, tables);
  const states = encodeSequences(forward, vectors, input(batch, 'histories'));
  return score(forward, statesAt(forward, states, input(batch, 'places')), vectors);
}

function input(batch: Tensors, name: string): tf.Tensor {
  const found = batch[name];
  if (found === undefined) throw new TypeError(`the batch has no ${name}`);
  return found;
}
