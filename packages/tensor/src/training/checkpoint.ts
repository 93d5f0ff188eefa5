import { TensorError } from '../error.ts';
import type { HostTensor, TensorFile } from '../safetensors/tensor-file.ts';
import type { OptimizerSpec, ParameterSpec } from '../spec.ts';

const FORMAT = 'noren-training-1';

/** Where a training stands, besides its parameters. */
export interface TrainingPosition {
  readonly optimizer: OptimizerSpec;
  readonly seed: number;
  /** Names of the trainable parameters, in the order of the flat vectors. */
  readonly trainable: readonly string[];
  /** Steps since the optimiser began. */
  readonly optimizerSteps: number;
  /** Steps since the noise began. */
  readonly noiseSteps: number;
}

export interface TrainingSnapshot extends TrainingPosition {
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** Flat vectors by name: the optimiser's memory and the anchor. */
  readonly vectors: ReadonlyMap<string, Float32Array>;
}

/** One safetensors file: the parameters under their own names, so that any reader finds the model in it. */
export function checkpointFile(snapshot: TrainingSnapshot, specs: readonly ParameterSpec[]): TensorFile {
  const { parameters, vectors, ...position } = snapshot;
  const tensors = new Map<string, HostTensor>();
  for (const { name, shape } of specs) {
    tensors.set(name, { shape, data: (parameters.get(name) ?? new Float32Array()).slice() });
  }
  for (const [name, data] of vectors) tensors.set(name, { shape: [data.length], data: data.slice() });
  return { tensors, metadata: { format: FORMAT, position: JSON.stringify(position) } };
}

/**
 * Reads a checkpoint for a training with these parameters, optimiser and vectors. Throws TensorError `invalid-input` when
 * it belongs to another.
 */
export function readCheckpoint(
  file: TensorFile,
  expected: {
    readonly specs: readonly ParameterSpec[];
    readonly optimizer: OptimizerSpec;
    readonly seed: number;
    readonly vectors: readonly string[];
  },
): TrainingSnapshot {
  const position = positionOf(file);
  if (JSON.stringify(position.optimizer) !== JSON.stringify(expected.optimizer)) {
    throw refuse(`it was made with the optimiser ${JSON.stringify(position.optimizer)}`);
  }
  if (position.seed !== expected.seed) throw refuse(`its noise has the seed ${position.seed}`);
  const parameters = new Map(expected.specs.map(({ name, shape }) => [name, dataOf(file, name, shape)]));
  const trained = new Set(position.trainable);
  const unknown = position.trainable.find((name) => !parameters.has(name));
  if (unknown !== undefined) throw refuse(`it trains "${unknown}", which this model does not have`);
  let length = 0;
  for (const [name, data] of parameters) if (trained.has(name)) length += data.length;
  const vectors = new Map(expected.vectors.map((name) => [name, dataOf(file, name, [length])]));
  return { ...position, parameters, vectors };
}

function dataOf(file: TensorFile, name: string, shape: readonly number[]): Float32Array {
  const tensor = file.tensors.get(name);
  if (tensor === undefined) throw refuse(`it has no tensor "${name}"`);
  if (tensor.shape.join() !== shape.join()) {
    throw refuse(`its "${name}" has shape [${tensor.shape.join(', ')}], not [${shape.join(', ')}]`);
  }
  return tensor.data;
}

function positionOf({ metadata }: TensorFile): TrainingPosition {
  if (metadata['format'] !== FORMAT) throw refuse('it is no checkpoint of a training');
  let position: unknown;
  try {
    position = JSON.parse(metadata['position'] ?? '');
  } catch {
    throw refuse('its position cannot be read');
  }
  if (!isPosition(position)) throw refuse('its position is incomplete');
  return position;
}

function isPosition(value: unknown): value is TrainingPosition {
  if (typeof value !== 'object' || value === null) return false;
  const { optimizer, seed, trainable, optimizerSteps, noiseSteps } = value as Record<string, unknown>;
  const count = (number: unknown): boolean => Number.isSafeInteger(number) && Number(number) >= 0;
  return (
    typeof optimizer === 'object' &&
    Number.isSafeInteger(seed) &&
    Array.isArray(trainable) &&
    trainable.every((name) => typeof name === 'string') &&
    count(optimizerSteps) &&
    count(noiseSteps)
  );
}

function refuse(why: string): TensorError {
  return new TensorError('invalid-input', `This checkpoint does not fit the training: ${why}. Nothing was changed.`);
}
