import { addPositions, causalAttention, feedForward, gatherRows, layerNorm, linear, tf } from '@noren/tensor';
import { dropout, parameter, type Forward } from './forward.ts';

/**
 * The state after each interaction, [batch, length, dimension], from item vectors [items, dimension] and histories
 * [batch, length] (int32 rows of `items`, oldest first, padded at the end). Post-LN Transformer (ANT). Padding comes
 * last, so the causal mask alone keeps real positions from seeing it.
 */
export function encodeSequences(forward: Forward, items: tf.Tensor, histories: tf.Tensor): tf.Tensor {
  const { config } = forward;
  const placed = addPositions(gatherRows(items, histories), parameter(forward, 'sequence.position/embedding'));
  const input = normalise(forward, 'item.norm', '', placed);
  let state = dropout(forward, input, config.dropout);
  for (let block = 0; block < config.layers; block += 1) {
    state = attend(forward, `sequence.block.${block}.attention`, state);
    state = feedForwardBlock(forward, `sequence.block.${block}.feedforward`, state);
  }
  return state;
}

function attend(forward: Forward, group: string, state: tf.Tensor): tf.Tensor {
  const { config } = forward;
  const read = (name: string): tf.Tensor => parameter(forward, `${group}/${name}`);
  const [batch = 0, length = 0] = state.shape;
  const mixed = causalAttention({
    query: linear(state, read('query.weight'), read('query.bias')),
    key: linear(state, read('key.weight')),
    value: linear(state, read('value.weight'), read('value.bias')),
    keyMask: tf.ones([batch, length]),
    heads: config.heads,
    onWeights: (weights) => dropout(forward, weights, config.dropout),
  });
  const output = linear(mixed, read('output.weight'), read('output.bias'));
  return normalise(forward, group, 'norm.', tf.add(state, dropout(forward, output, config.dropout)));
}

function feedForwardBlock(forward: Forward, group: string, state: tf.Tensor): tf.Tensor {
  const read = (name: string): tf.Tensor => parameter(forward, `${group}/${name}`);
  const output = feedForward(state, {
    inner: read('inner.weight'),
    innerBias: read('inner.bias'),
    outer: read('outer.weight'),
    outerBias: read('outer.bias'),
  });
  return normalise(forward, group, 'norm.', tf.add(state, dropout(forward, output, forward.config.dropout)));
}

function normalise(forward: Forward, group: string, prefix: string, x: tf.Tensor): tf.Tensor {
  return layerNorm(x, parameter(forward, `${group}/${prefix}gain`), parameter(forward, `${group}/${prefix}bias`));
}
