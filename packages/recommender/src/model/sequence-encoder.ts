import { addPositions, causalAttention, gelu, layerNorm, tf } from '@noren/tensor';
import { adaptedLinear } from './adapted-linear.ts';
import { dropout, parameter, type Forward } from './forward.ts';

/**
 * The state after each interaction, [batch, length, dimension], from the vectors of the items bought [batch, length, dimension],
 * oldest first, padded at the end. Post-LN Transformer (ANT). Padding comes last, so the causal mask alone keeps real
 * positions from seeing it.
 */
export function encodeSequences(forward: Forward, bought: tf.Tensor): tf.Tensor {
  const { config } = forward;
  const placed = addPositions(bought, parameter(forward, 'sequence.position/embedding'));
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
  const [batch = 0, length = 0] = state.shape;
  const mixed = causalAttention({
    query: adaptedLinear(forward, `${group}/query`, state),
    key: adaptedLinear(forward, `${group}/key`, state),
    value: adaptedLinear(forward, `${group}/value`, state),
    keyMask: tf.ones([batch, length]),
    heads: config.heads,
    onWeights: (weights) => dropout(forward, weights, config.dropout),
  });
  const output = adaptedLinear(forward, `${group}/output`, mixed);
  return normalise(forward, group, 'norm.', tf.add(state, dropout(forward, output, config.dropout)));
}

function feedForwardBlock(forward: Forward, group: string, state: tf.Tensor): tf.Tensor {
  const inner = gelu(adaptedLinear(forward, `${group}/inner`, state));
  const output = adaptedLinear(forward, `${group}/outer`, inner);
  return normalise(forward, group, 'norm.', tf.add(state, dropout(forward, output, forward.config.dropout)));
}

function normalise(forward: Forward, group: string, prefix: string, x: tf.Tensor): tf.Tensor {
  return layerNorm(x, parameter(forward, `${group}/${prefix}gain`), parameter(forward, `${group}/${prefix}bias`));
}
