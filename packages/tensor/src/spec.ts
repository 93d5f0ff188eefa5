import type { tf } from './engine.ts';
import type { HostTensor } from './safetensors/tensor-file.ts';

/**
 * `onnx`: the traced graph on onnxruntime-node. `tensorflow`: eager tfjs on libtensorflow, where
 * `@tensorflow/tfjs-node` is installed. `cpu`: eager tfjs in JavaScript, the reference.
 */
export type Runtime = 'onnx' | 'tensorflow' | 'cpu';

export type DataType = 'float32' | 'int32';

/** Values of a parameter are float32, row-major. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Shapes are static: one compiled function serves one shape, so pad the last batch with weight 0. */
export interface InputSpec {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

export interface HostIndices {
  readonly shape: readonly number[];
  readonly data: Int32Array;
}

/** Data that never changes between `load`s, such as a table of item features. Kept by reference: do not write to it. */
export type Constants = Readonly<Record<string, HostTensor | HostIndices>>;

export type Batch = Readonly<Record<string, Float32Array | Int32Array>>;

export type Tensors = Readonly<Record<string, tf.Tensor>>;

/**
 * Randomness that is new at every step and the same for the same seed: every call takes a stretch of a seeded pool.
 * tfjs' own random ops are refused inside a compiled function, because tracing would freeze their values.
 */
export interface NoiseSource {
  /** Zeroes a share `rate` in [0, 1) of `x` and scales the rest by 1 / (1 - rate). */
  dropout<T extends tf.Tensor>(x: T, rate: number): T;
  /** Standard normal values. */
  normal(shape: readonly number[]): tf.Tensor;
}

/** Adam (Kingma and Ba 2015, with bias correction); `weightDecay` is decoupled (Loshchilov and Hutter 2019). */
export interface AdamSpec {
  readonly kind: 'adam';
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Per step a parameter loses learningRate * weightDecay of itself. Default 0. */
  readonly weightDecay?: number;
}

export interface TrainingSpec {
  readonly parameters: readonly ParameterSpec[];
  /**
   * Parameters for which this is false keep the values of `load`, and what depends only on them is computed once. One
   * the loss does not use has gradient zero, but weight decay still acts on it: freeze it.
   */
  trainable(name: string): boolean;
  readonly constants?: Constants;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Called once (`onnx`) or at every step (`cpu`): must be a pure function of its arguments. Returns a scalar. */
  loss(parameters: Tensors, batch: Tensors, constants: Tensors, noise: NoiseSource): tf.Scalar;
  readonly optimizer: AdamSpec;
  /** Largest L2 norm of the whole gradient, taken over all trainable parameters. */
  readonly clipGradientNorm?: number;
  /** Adds mu/2 |p - anchor|^2 over the trainable parameters (FedProx, Li et al. 2020); mu comes with each step. */
  readonly proximal?: boolean;
  /** Of the noise pool; a whole number. */
  readonly seed: number;
  readonly runtime?: Runtime | 'auto';
  /** Threads of the native runtime inside one step; default: all cores. Results do not depend on it. */
  readonly threads?: number;
}

export interface StepRate {
  readonly learningRate: number;
  /** mu of the proximal term; default 0. */
  readonly proximal?: number;
}

/** One model in training. Not re-entrant: await each step. Blocks its thread while it computes, so use a worker. */
export interface Training {
  readonly runtime: Runtime;
  /** Sets every parameter (all names required), the proximal anchor, and clears the optimiser's memory and noise. */
  load(values: ReadonlyMap<string, Float32Array>): void;
  /**
   * One optimiser step; returns the loss (with the proximal term) before it. On TensorError `not-finite` the
   * parameters stay as they were.
   */
  step(batch: Batch, rate: StepRate): Promise<number>;
  /** Copies of all parameters. */
  values(): Map<string, Float32Array>;
  dispose(): Promise<void>;
}

export interface InferenceSpec {
  readonly parameters: readonly ParameterSpec[];
  readonly constants?: Constants;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  outputs(parameters: Tensors, inputs: Tensors, constants: Tensors): Record<string, tf.Tensor>;
  readonly runtime?: Runtime | 'auto';
  readonly threads?: number;
}

export interface HostOutput {
  readonly shape: number[];
  readonly data: Float32Array | Int32Array;
}

/** What depends only on parameters and constants is computed once after `load`, not in every `run`. */
export interface Inference {
  readonly runtime: Runtime;
  load(values: ReadonlyMap<string, Float32Array>): void;
  run(inputs: Batch): Promise<Record<string, HostOutput>>;
  dispose(): Promise<void>;
}
