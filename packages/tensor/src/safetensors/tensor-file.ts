/** A float32 tensor in ordinary memory, row-major. `data.length` is the product of `shape`. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type TensorMap = ReadonlyMap<string, HostTensor>;

/** Named tensors and text metadata: what one safetensors file holds. */
export interface TensorFile {
  readonly tensors: TensorMap;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Product of the dimensions; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** Names by UTF-16 code unit, the one order every party of a federation computes alike. */
export function sortedNames(tensors: TensorMap): string[] {
  return [...tensors.keys()].sort();
}
