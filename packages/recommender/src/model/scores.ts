import { contrastiveLoss, gatherRows, l2Normalise, softmaxCrossEntropy, tf, type Tensors } from '@noren/tensor';
import type { Forward } from './forward.ts';
import { encodeItems, type EncodedItems } from './item-encoder.ts';
import { encodeSequences } from './sequence-encoder.ts';

/** Cosine / temperature of states [n, dimension] to every item [items, dimension]: [n, items]. */
export function score({ config }: Forward, states: tf.Tensor, items: tf.Tensor): tf.Tensor {
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

/** Scores of the candidates at each predicted position, [n, candidates], far below 0 where they are excluded. */
export function rivalScores(forward: Forward, batch: Tensors, { vectors }: EncodedItems): tf.Tensor {
  const states = encodeSequences(forward, gatherRows(vectors, input(batch, 'histories')));
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
  const states = encodeSequences(forward, gatherRows(vectors, input(batch, 'histories')));
  return score(forward, statesAt(forward, states, input(batch, 'places')), vectors);
}

export function input(batch: Tensors, name: string): tf.Tensor {
  const found = batch[name];
  if (found === undefined) throw new TypeError(`the batch has no ${name}`);
  return found;
}
