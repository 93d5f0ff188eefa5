import { sizeOf } from '../safetensors/tensor-file.ts';
import type { ParameterSpec } from '../spec.ts';

interface Place extends ParameterSpec {
  readonly begin: number;
  readonly end: number;
}

/**
 * Where each trainable parameter lies in the one flat vector the optimiser works on. One vector, because an optimiser
 * over hundreds of small tensors costs more in overhead than in arithmetic.
 */
export interface FlatLayout {
  readonly places: readonly Place[];
  readonly length: number;
}

export function flatLayout(parameters: readonly ParameterSpec[]): FlatLayout {
  let length = 0;
  const places = parameters.map(({ name, shape }) => {
    const begin = length;
    length += sizeOf(shape);
    return { name, shape, begin, end: length };
  });
  return { places, length };
}
