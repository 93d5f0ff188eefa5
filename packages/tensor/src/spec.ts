import type { tf } from './engine.ts';

/**
 * `onnx`: the traced graph on onnxruntime-node. `onnx-wasm`: the same graph on onnxruntime-web, where there is no native
 * binary for the platform. `tensorflow`: eager tfjs on libtensorflow, where `@tensorflow/tfjs-node` is installed.
 * `cpu`: eager tfjs in JavaScript, the reference.
 */
export type Runtime = 'onnx' | 'onnx-wasm' | 'tensorflow' | 'cpu';

export type DataType = 'float32' | 'int32';

/** Values of a parameter are float32, row-major. `experts/gate.weight` belongs to the group `experts`. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A float32 or int32 tensor in ordinary memory, row-major. */
export interface HostValue {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export type HostValues = Readonly<Record<string, HostValue>>;

/**
 * One batch. Its shapes and types are what the function is compiled for: every combination of shapes is traced and
 * compiled once, on first use, so pad the last batch with weight 0 rather than give it a shape of its own.
 */
export type Batch = HostValues;

/** Data that never changes, such as a table of item features. Kept by reference: do not write to it. */
export type Constants = HostValues;

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

/** Adam with bias correction (Kingma and Ba 2015); `adamw` with decoupled weight decay (Loshchilov and Hutter 2019). */
export interface AdamSpec {
  readonly kind: 'adam' | 'adamw';
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** `adamw` only: per step a parameter loses learningRate * weightDecay of itself. Default 0.01. */
  readonly weightDecay?: number;
}

/** Gradient descent; with momentum m the step is v <- m v + g, p <- p - learningRate v (Polyak 1964, as in PyTorch). */
export interface SgdSpec {
  readonly kind: 'sgd';
  /** In [0, 1). Default 0. */
  readonly momentum?: number;
}

export type OptimizerSpec = AdamSpec | SgdSpec;

/** A model's loss over one batch. Traced once per batch shape (or called at every step): a pure function, a scalar. */
export type Loss = (parameters: Tensors, batch: Tensors, constants: Tensors, noise: NoiseSource) => tf.Scalar;

export interface RuntimeChoice {
  /** Default `auto`: the fastest that is there, in the order of `Runtime`. */
  readonly runtime?: Runtime | 'auto';
  /** Threads of the native runtime inside one step; default: all cores. Results do not depend on it. */
  readonly threads?: number | undefined;
  /** `lean` gives working memory back after every run: about half the memory for about a third more time. */
  readonly memory?: 'fast' | 'lean';
  /** How many batch shapes stay compiled, each with working memory of its own; the least recently used goes. Default 4. */
  readonly shapes?: number;
}

export interface TrainingOptions extends RuntimeChoice {
  readonly parameters: readonly ParameterSpec[];
  /**
   * Default: all. The others keep their values, and what depends only on them is computed once. A parameter the loss does
   * not use has gradient zero, but weight decay still acts on it: freeze it.
   */
  readonly trainable?: (name: string) => boolean;
  readonly constants?: Constants;
  readonly optimizer: OptimizerSpec;
  /** Largest L2 norm of the whole gradient, taken over all trainable parameters. */
  readonly clipGradientNorm?: number;
  /** Adds mu/2 |p - anchor|^2 over the trainable parameters (FedProx, Li et al. 2020); mu comes with each step. */
  readonly proximal?: boolean;
  /** Of the noise pool; a whole number. */
  readonly seed: number;
}

export interface StepRate {
  readonly learningRate: number;
  /** mu of the proximal term; default 0. */
  readonly proximal?: number;
}

/** Values by parameter name. */
export type Values = ReadonlyMap<string, Float32Array>;
