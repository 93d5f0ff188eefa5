import type { DataType, HostValue, NoiseSource, Tensors } from '../spec.ts';

/** A named tensor a program reads. `fixed` ones change only by `load`, `fed` ones at every run. */
export interface Port {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DataType;
  readonly changes: 'fixed' | 'fed';
}

/** A pure function over tfjs tensors with its ports: what a runtime compiles or interprets. */
export interface Program {
  readonly ports: readonly Port[];
  body(tensors: Tensors, noise: NoiseSource): Tensors;
}

export type HostArray = Float32Array | Int32Array;

export type HostArrays = Readonly<Record<string, HostArray>>;

/** Where a run takes its noise: stretch `call` is the `call`-th request of the body, counted from 0. */
export interface NoiseStretches {
  stretch(request: NoiseRequest, call: number): Float32Array;
}

/** `dropout`: keep mask scaled by 1 / (1 - rate). `normal`: standard normal values. */
export type NoiseRequest =
  | { readonly kind: 'dropout'; readonly rate: number; readonly shape: readonly number[] }
  | { readonly kind: 'normal'; readonly shape: readonly number[] };

export interface RunOptions {
  readonly noise: NoiseStretches;
  /** Outputs to write into caller-owned memory; the others come back in memory of their own. */
  readonly into: Readonly<Record<string, Float32Array>>;
}

/** A program ready to run on one runtime. */
export interface Executable {
  /** Sets the fixed ports. Must precede `run`; the arrays are kept by reference. */
  load(fixed: HostArrays): void;
  run(fed: HostArrays, options: RunOptions): Promise<Record<string, HostValue>>;
  dispose(): Promise<void>;
}
