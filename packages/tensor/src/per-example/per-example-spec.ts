import type { tf } from '../engine.ts';
import type { Batch, Constants, DataType, ParameterSpec, Runtime, Tensors } from '../spec.ts';
import type { FlatLayout } from '../training/flat-layout.ts';

/** Shapes are static, because what cannot be clipped is refused before the first batch. */
export interface InputSpec {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

export interface PerExampleSpec {
  readonly parameters: readonly ParameterSpec[];
  /** Parameters the gradients are taken by; the others keep the values of `load` and cost nothing. */
  trainable(name: string): boolean;
  readonly constants?: Constants;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Examples a batch, 1 or more; pad with rows of weight 0. */
  readonly examples: number;
  /**
   * One loss for each example, [examples]. That of one example must not read the rows of another (no batch statistics,
   * no in-batch negatives), and trainable parameters must act on tensors [examples, ...] through `linear`, `layerNorm`,
   * `gatherRows` or `addPositions`, or be copied by `exampleCopies`. A pure function, called once (`onnx`) or at every run (`cpu`).
   */
  losses(parameters: Tensors, batch: Tensors, constants: Tensors): tf.Tensor;
  readonly runtime?: Runtime | 'auto';
  readonly threads?: number;
}

export interface Clipping {
  /** C, above 0, `Infinity` for none: largest L2 norm of one example's gradient over all trainable parameters. */
  readonly clipNorm: number;
  /** [examples], each finite and not negative; 0 for padding. Multiplies the gradient after clipping. */
  readonly weights: Float32Array;
}

export interface ClippedGradients {
  /** Sum over the examples of weight * gradient * min(1, C / norm), flat: the trainable parameters in their order. */
  readonly sum: Float32Array;
  /** L2 norm of each example's gradient before clipping and weight, [examples]; rather too long than too short. */
  readonly norms: Float32Array;
  /** [examples]. */
  readonly losses: Float32Array;
  /** Examples with weight whose gradient was longer than C. */
  readonly clipped: number;
}

/** Not re-entrant: await each run. Blocks its thread while it computes, so use a worker. */
export interface PerExampleGradients {
  readonly runtime: Runtime;
  /** Trainable parameters and where each lies in a flat vector. */
  readonly layout: FlatLayout;
  /** Sets every parameter (all names required). */
  load(values: ReadonlyMap<string, Float32Array>): void;
  /** Replaces the trainable parameters by a flat vector, which is copied. */
  moveTo(trainable: Float32Array): void;
  /**
   * @throws TensorError `not-finite` if a gradient is; `invalid-spec` if the first run after a `load` finds that losses
   * read the rows of other examples
   */
  run(batch: Batch, clipping: Clipping): Promise<ClippedGradients>;
  dispose(): Promise<void>;
}
