import { adapterTensors, identityGroup } from '@noren/protocol';
import type { ParameterSpec } from '@noren/tensor';
import { modalities, type ModalityName, type RecommenderConfig } from '../config/recommender-config.ts';

/** How a parameter starts when it is re-initialised. */
export type InitialValue =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly deviation: number };

export interface ModelParameter extends ParameterSpec {
  readonly initial: InitialValue;
}

/** Tensors that are re-learned, shared or frozen as one. */
export interface ParameterGroup {
  readonly name: string;
  readonly tensors: readonly ModelParameter[];
}

const zero: InitialValue = { kind: 'constant', value: 0 };
const one: InitialValue = { kind: 'constant', value: 1 };
/** ANT's initial deviation of everything outside the experts. */
const small: InitialValue = { kind: 'normal', deviation: 0.02 };
const xavier = (inputs: number, outputs: number): InitialValue => ({
  kind: 'normal',
  deviation: Math.sqrt(2 / (inputs + outputs)),
});

/** Every parameter of the model, each in exactly one group; a tensor is named `<group>/<tensor>`. */
export function parameterGroups(config: RecommenderConfig): readonly ParameterGroup[] {
  const { dimension, layers, maximumLength, identity } = config;
  return [
    ...modalities.map((modality) => group(`item.${modality}`, projectionTensors(config, modality))),
    ...fusionGroup(config),
    ...(identity === 0 ? [] : [group(identityGroup, [['embedding', [identity, dimension], small]])]),
    group(
      'item.scale',
      modalities.map((modality) => [modality, [1], { kind: 'constant', value: Math.log(config.scales[modality]) }]),
    ),
    group('item.norm', [
      ['gain', [dimension], one],
      ['bias', [dimension], zero],
    ]),
    group('sequence.position', [['embedding', [maximumLength, dimension], small]]),
    ...Array.from({ length: layers }, (_, block) => blockGroups(config, block)).flat(),
  ];
}

/** The group a tensor belongs to: the part of its name before `/`. */
export function groupOf(tensor: string): string {
  return tensor.slice(0, tensor.indexOf('/'));
}

/**
 * Whether a tensor takes part when the model sees only `stage`; the rest is left as it is and never trained. Without any
 * modality there is nothing to fuse.
 */
export function isUsed(tensor: string, stage: readonly ModalityName[]): boolean {
  if (stage.length === 0 && groupOf(tensor) === 'item.fusion') return false;
  const owner = modalities.find(
    (modality) =>
      tensor.startsWith(`item.${modality}/`) ||
      tensor === `item.scale/${modality}` ||
      tensor.startsWith(`item.fusion/${modality}.`),
  );
  return owner === undefined || stage.includes(owner);
}

type Row = readonly [tensor: string, shape: readonly number[], initial: InitialValue];

function group(name: string, rows: readonly Row[]): ParameterGroup {
  return { name, tensors: rows.map(([tensor, shape, initial]) => ({ name: `${name}/${tensor}`, shape, initial })) };
}

function blockGroups(config: RecommenderConfig, block: number): readonly ParameterGroup[] {
  const { dimension, feedForward } = config;
  const groups = [
    group(`sequence.block.${block}.attention`, [
      ['query.weight', [dimension, dimension], small],
      ['query.bias', [dimension], zero],
      // No key bias: softmax ignores a shift of all keys, so its gradient is zero and Adam would amplify its rounding.
      ['key.weight', [dimension, dimension], small],
      ['value.weight', [dimension, dimension], small],
      ['value.bias', [dimension], zero],
      ['output.weight', [dimension, dimension], small],
      ['output.bias', [dimension], zero],
      ['norm.gain', [dimension], one],
      ['norm.bias', [dimension], zero],
    ]),
    group(`sequence.block.${block}.feedforward`, [
      ['inner.weight', [dimension, feedForward], small],
      ['inner.bias', [feedForward], zero],
      ['outer.weight', [feedForward, dimension], small],
      ['outer.bias', [dimension], zero],
      ['norm.gain', [dimension], one],
      ['norm.bias', [dimension], zero],
    ]),
  ];
  return [...groups, ...adapterGroups(groups, config.adapterRank)];
}

/** Two groups, all A and all B of a block. B is zero, so at its start the model is the one without adapters. */
function adapterGroups(adapted: readonly ParameterGroup[], rank: number): readonly ParameterGroup[] {
  const shapes = adapted.flatMap(({ tensors }) => tensors.map(({ name, shape }) => [name, shape] as const));
  const tensors = [...adapterTensors(shapes, rank === 0 ? null : { rank })].map(([name, shape]): ModelParameter => {
    // So that x A is about as large as x.
    const random: InitialValue = { kind: 'normal', deviation: 1 / Math.sqrt(shape[0]) };
    return { name, shape, initial: groupOf(name).endsWith('.a') ? random : zero };
  });
  return [...new Set(tensors.map(({ name }) => groupOf(name)))].map((name) => ({
    name,
    tensors: tensors.filter((tensor) => groupOf(tensor.name) === name),
  }));
}

/**
 * Experts and their gate. Text and image experts whiten, W(x - b) with b as wide as the features (UniSRec); price
 * experts are linear, Wx + b. One expert needs no gate.
 */
function projectionTensors(config: RecommenderConfig, modality: ModalityName): readonly Row[] {
  const { dimension } = config;
  const features = config.features[modality];
  const experts = config.experts[modality];
  const rows: Row[] = [];
  for (let expert = 0; expert < experts; expert += 1) {
    rows.push([`expert.${expert}.weight`, [features, dimension], xavier(features, dimension)]);
    rows.push([`expert.${expert}.bias`, [modality === 'price' ? dimension : features], zero]);
  }
  if (experts > 1) {
    rows.push(['gate.weight', [features, experts], zero]);
    rows.push(['gate.noise', [features, experts], zero]);
  }
  return rows;
}

function fusionGroup({ fusion, dimension }: RecommenderConfig): readonly ParameterGroup[] {
  switch (fusion) {
    case 'sum+hadamard':
      return [];
    case 'concat':
      return [
        group('item.fusion', [
          ...modalities.map((modality): Row => [
            `${modality}.weight`,
            [dimension, dimension],
            xavier(dimension, dimension),
          ]),
          ['bias', [dimension], zero],
        ]),
      ];
    case 'attention':
      return [
        group('item.fusion', [
          ...modalities.map((modality): Row => [`${modality}.missing`, [dimension], small]),
          ['query.weight', [dimension, dimension], small],
          ['key.weight', [dimension, dimension], small],
          ['value.weight', [dimension, dimension], small],
        ]),
      ];
  }
}
