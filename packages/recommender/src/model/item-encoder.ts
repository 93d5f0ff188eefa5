import { identityGroup } from '@noren/protocol';
import { gatherRows, linear, tf, type Tensors } from '@noren/tensor';
import { modalities, type ModalityName } from '../config/recommender-config.ts';
import { parameter, type Forward } from './forward.ts';
import { projectModality, type ModalityRows } from './modality-projection.ts';

interface Contribution {
  readonly modality: ModalityName;
  /** [items, dimension], zero where missing. */
  readonly vector: tf.Tensor;
  readonly present: tf.Tensor;
}

export interface EncodedItems {
  /** [items, dimension]. */
  readonly vectors: tf.Tensor;
  readonly contributions: readonly Contribution[];
}

/**
 * Items as vectors, from whatever modalities they have. `tables` holds `<modality>.features` [catalogue, features] and
 * `<modality>.present` [catalogue, 1]; `rows` picks some of the catalogue (int32), all of it when left out.
 */
export function encodeItems(forward: Forward, tables: Tensors, rows?: tf.Tensor): EncodedItems {
  const contributions = modalities
    .filter((modality) => forward.stage.includes(modality))
    .map((modality): Contribution => {
      const chosen = modalityRows(tables, modality, rows);
      return { modality, vector: projectModality(forward, modality, chosen), present: chosen.present };
    });
  return { vectors: addIdentities(forward, contributions, tables, rows), contributions };
}

/**
 * What describes the items, plus the vector of its own that each known item has (`identity.known` [catalogue, 1], 1 or 0).
 * Without any modality an item is its own vector: SASRec (Kang and McAuley 2018).
 */
function addIdentities(
  forward: Forward,
  contributions: readonly Contribution[],
  tables: Tensors,
  rows: tf.Tensor | undefined,
): tf.Tensor {
  if (forward.config.identity === 0) return fuse(forward, contributions);
  const embedding = parameter(forward, `${identityGroup}/embedding`);
  const known = tables['identity.known'];
  if (known === undefined) throw new TypeError('the items have no table of those with an identity');
  const [own, counts] =
    rows === undefined ? [embedding, known] : [gatherRows(embedding, rows), gatherRows(known, rows)];
  const identities = tf.mul(own, counts);
  return contributions.length === 0 ? identities : tf.add(fuse(forward, contributions), identities);
}

function modalityRows(tables: Tensors, modality: ModalityName, rows: tf.Tensor | undefined): ModalityRows {
  const features = tables[`${modality}.features`];
  const present = tables[`${modality}.present`];
  if (features === undefined || present === undefined) throw new TypeError(`the items have no table for ${modality}`);
  if (rows === undefined) return { features, present };
  return { features: gatherRows(features, rows), present: gatherRows(present, rows) };
}

function fuse(forward: Forward, contributions: readonly Contribution[]): tf.Tensor {
  switch (forward.config.fusion) {
    case 'sum+hadamard':
      return sumAndHadamard(forward, contributions);
    case 'concat':
      return concatenate(forward, contributions);
    case 'attention':
      return attend(forward, contributions);
  }
}

/** text + image + price + beta (image x text): ANT as released. The product vanishes where either is missing. */
function sumAndHadamard({ config }: Forward, contributions: readonly Contribution[]): tf.Tensor {
  const sum = contributions.map(({ vector }) => vector).reduce((total, vector) => tf.add(total, vector));
  const text = contributions.find(({ modality }) => modality === 'text');
  const image = contributions.find(({ modality }) => modality === 'image');
  if (text === undefined || image === undefined || config.fusionWeight === 0) return sum;
  return tf.add(sum, tf.mul(tf.mul(image.vector, text.vector), config.fusionWeight));
}

/** A linear map of the concatenated modalities, written as a sum of maps so that an absent modality drops out. */
function concatenate(forward: Forward, contributions: readonly Contribution[]): tf.Tensor {
  const parts = contributions.map(({ modality, vector }) =>
    linear(vector, parameter(forward, `item.fusion/${modality}.weight`)),
  );
  const sum = parts.reduce((total, part) => tf.add(total, part));
  return tf.add(sum, parameter(forward, 'item.fusion/bias'));
}

/** One head of self-attention over the item's modalities with a residual, averaged; a learned token stands for a missing one. */
function attend(forward: Forward, contributions: readonly Contribution[]): tf.Tensor {
  const { dimension } = forward.config;
  const tokens = tf.stack(
    contributions.map(({ modality, vector, present }) => {
      const missing = tf.reshape(parameter(forward, `item.fusion/${modality}.missing`), [1, dimension]);
      return tf.add(vector, tf.mul(missing, tf.sub(1, present)));
    }),
    1,
  );
  const query = linear(tokens, parameter(forward, 'item.fusion/query.weight'));
  const key = linear(tokens, parameter(forward, 'item.fusion/key.weight'));
  const value = linear(tokens, parameter(forward, 'item.fusion/value.weight'));
  const weights = tf.softmax(tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(dimension)));
  return tf.mean(tf.add(tokens, tf.matMul(weights, value)), 1);
}
