import { linear, tf } from '@noren/tensor';
import type { ModalityName } from '../config/recommender-config.ts';
import { dropout, parameter, type Forward } from './forward.ts';

/** Keeps the noise of a gate from dying out (ANT). */
const LEAST_GATE_NOISE = 0.01;

/** One modality of some items. */
export interface ModalityRows {
  /** [items, features]; rows of zeros where the modality is missing. */
  readonly features: tf.Tensor;
  /** [items, 1]: 1 where the modality is present, else 0. */
  readonly present: tf.Tensor;
}

/**
 * A modality's contribution to its items, [items, dimension]: a mixture of experts in the common space, times the
 * modality's scale, exactly zero where the modality is missing (a whitening expert would turn a zero row into -Wb).
 */
export function projectModality(forward: Forward, modality: ModalityName, rows: ModalityRows): tf.Tensor {
  const { config } = forward;
  const input = dropout(forward, rows.features, config.dropout / 2);
  const experts = Array.from({ length: config.experts[modality] }, (_, at) => expert(forward, modality, at, input));
  const weights = experts.length === 1 ? undefined : gateWeights(forward, modality, rows.features);
  const mixed = experts
    .map((output, at) => (weights === undefined ? output : tf.mul(output, tf.slice(weights, [0, at], [-1, 1]))))
    .reduce((sum, output) => tf.add(sum, output));
  const scale = tf.exp(parameter(forward, `item.scale/${modality}`));
  return tf.mul(tf.mul(mixed, scale), rows.present);
}

/** Whitening W(x - b) for text and image (UniSRec), linear Wx + b for price. */
function expert(forward: Forward, modality: ModalityName, at: number, input: tf.Tensor): tf.Tensor {
  const weight = parameter(forward, `item.${modality}/expert.${at}.weight`);
  const bias = parameter(forward, `item.${modality}/expert.${at}.bias`);
  return modality === 'price' ? linear(input, weight, bias) : linear(tf.sub(input, bias), weight);
}

/** softmax(xW + noise (softplus(xN) + .01)), [items, experts]; it reads the undropped features (ANT). */
function gateWeights(forward: Forward, modality: ModalityName, features: tf.Tensor): tf.Tensor {
  const clean = linear(features, parameter(forward, `item.${modality}/gate.weight`));
  if (forward.noise === undefined) return tf.softmax(clean);
  const spread = linear(features, parameter(forward, `item.${modality}/gate.noise`));
  const deviation = tf.add(softplus(spread), LEAST_GATE_NOISE);
  return tf.softmax(tf.add(clean, tf.mul(forward.noise.normal(clean.shape), deviation)));
}

/** log(1 + e^x) without overflow, from operations that the native runtime runs fast. */
function softplus(x: tf.Tensor): tf.Tensor {
  return tf.add(tf.relu(x), tf.log(tf.add(tf.exp(tf.neg(tf.abs(x))), 1)));
}
