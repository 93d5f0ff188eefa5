import type { OnnxArray, OnnxPort } from '@noren/tensor/onnx';

import type { EncodedModality } from '../encoder.ts';
import type { WantedSettings } from './model-settings.ts';
import type { Pooling } from './model-source.ts';

/** Outputs that are an embedding of the whole item, the best first. */
const EMBEDDINGS: Readonly<Record<EncodedModality, readonly string[]>> = {
  text: ['sentence_embedding', 'text_embeds'],
  image: ['image_embeds', 'pooler_output'],
};
/** BERT's pooler was trained for another task: it is taken only when somebody asks for it. */
const POOLED = [...EMBEDDINGS.text, ...EMBEDDINGS.image];
const HIDDEN = ['last_hidden_state', 'token_embeddings'];

/** Decides which output is used, and how. Throws an Error that says in one clause what is wrong. */
export function chooseOutput(
  outputs: readonly OnnxPort[],
  modality: EncodedModality,
  wanted: Pick<WantedSettings, 'pooling' | 'output'>,
): { readonly output: string; readonly pooling: Pooling } {
  const named = (names: readonly string[]): OnnxPort | undefined =>
    names.map((name) => outputs.find((port) => port.name === name)).find((port) => port !== undefined);
  const only = outputs.length === 1 ? outputs[0] : undefined;
  const embedding = named(EMBEDDINGS[modality]);
  const found =
    wanted.output !== undefined
      ? named([wanted.output])
      : wanted.pooling === undefined
        ? (embedding ?? named(HIDDEN) ?? only)
        : (named(wanted.pooling === 'model' ? [...EMBEDDINGS[modality], ...POOLED] : HIDDEN) ?? only);
  if (found === undefined) {
    const names = outputs.slice(0, 20).map(({ name }) => `"${name}"`);
    const which = wanted.output === undefined ? 'no output that is known' : `no output "${wanted.output}"`;
    throw new Error(`it has ${which}, but ${names.join(', ')}: name one with "output"`);
  }
  if (found.type !== 'float32') throw new Error(`its output "${found.name}" holds ${found.type}, not float32`);
  const isWhole = POOLED.includes(found.name) || found.shape?.length === 2;
  return { output: found.name, pooling: wanted.pooling ?? (isWhole ? 'model' : 'mean') };
}

/**
 * One vector a row. `values` is rows x width for `model`; rows x tokens x width for `mean` and `cls`, or, for images,
 * rows x channels x height x width for `mean`. `mask` (rows x tokens) is 1 where a token counts. Throws an Error that
 * says in one clause what is wrong.
 */
export function pooled(
  { shape, data }: OnnxArray,
  pooling: Pooling,
  rows: number,
  mask: Uint8Array | null,
): Float32Array[] {
  const [first = 0, second = 0, third = 1, ...rest] = shape;
  const misshapen = new Error(`its output has the shape [${shape.join(', ')}], which "${pooling}" cannot be made of`);
  if (!(data instanceof Float32Array) || first !== rows || second === 0) throw misshapen;
  if (pooling === 'model') {
    if (shape.length < 2 || data.length !== rows * second) throw misshapen;
    return Array.from({ length: rows }, (_, row) => data.slice(row * second, (row + 1) * second));
  }
  if (shape.length === 4 && pooling === 'mean' && mask === null) {
    const places = third * rest.reduce((product, side) => product * side, 1);
    return Array.from({ length: rows }, (_, row) =>
      Float32Array.from({ length: second }, (__, channel) => {
        const start = (row * second + channel) * places;
        return data.subarray(start, start + places).reduce((sum, value) => sum + value, 0) / places;
      }),
    );
  }
  if (shape.length !== 3 || (mask !== null && mask.length !== rows * second)) throw misshapen;
  return Array.from({ length: rows }, (_, row) => {
    const tokens = data.subarray(row * second * third, (row + 1) * second * third);
    if (pooling === 'cls') return tokens.slice(0, third);
    return meanOf(tokens, third, mask?.subarray(row * second, (row + 1) * second) ?? null);
  });
}

function meanOf(tokens: Float32Array, width: number, mask: Uint8Array | null): Float32Array {
  const sums = new Float64Array(width);
  let counted = 0;
  for (let at = 0; at * width < tokens.length; at++) {
    if (mask !== null && mask[at] !== 1) continue;
    counted++;
    for (let k = 0; k < width; k++) sums[k]! += tokens[at * width + k]!;
  }
  return Float32Array.from(sums, (sum) => sum / Math.max(1, counted));
}

/** In place; a vector without length stays as it is. */
export function toUnitLength(vector: Float32Array): void {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (squares === 0) return;
  const scale = 1 / Math.sqrt(squares);
  for (let k = 0; k < vector.length; k++) vector[k]! *= scale;
}
