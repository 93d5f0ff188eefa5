/** A float32 tensor, row-major. */
export interface FeatureTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
