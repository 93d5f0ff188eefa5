import { tf } from '../engine.ts';
import { TensorError } from '../error.ts';
import type { Port, Program } from '../runtime/executable.ts';
import { constantPorts, parameterPorts, recordOf, tensorCalled } from '../runtime/ports.ts';
import type { Loss, NoiseSource, Tensors, TrainingOptions } from '../spec.ts';
import type { FlatLayout } from './flat-layout.ts';
import type { Optimizer } from './optimizer/optimizer.ts';

/** Vectors of the layout's length that live from step to step. */
export const PARAMETERS = 'state/parameters';
export const ANCHOR = 'state/anchor';
export const PROXIMAL = 'rate/proximal';
export const LOSS = 'loss';
export const GRADIENT_NORM = 'gradient-norm';

export function memoryName(vector: string): string {
  return `state/optimizer.${vector}`;
}

export function rateName(scalar: string): string {
  return `rate/${scalar}`;
}

export interface StepDefinition {
  readonly loss: Loss;
  readonly options: TrainingOptions;
  readonly optimizer: Optimizer;
  /** Of the trainable parameters; the others are frozen. */
  readonly layout: FlatLayout;
  readonly inputs: readonly Port[];
}

/** The whole training step, from parameters and batch to new parameters, as one program. */
export function stepProgram(definition: StepDefinition): Program {
  const { options, optimizer, layout, inputs } = definition;
  const trained = new Set(layout.places.map(({ name }) => name));
  const frozen = options.parameters.filter(({ name }) => !trained.has(name));
  const fed = (name: string, shape: readonly number[]): Port => ({ name, shape, dtype: 'float32', changes: 'fed' });
  const ports: Port[] = [
    ...constantPorts(options.constants),
    ...parameterPorts(frozen, 'fixed'),
    ...parameterPorts(layout.places, 'fed'),
    ...inputs,
    ...[PARAMETERS, ...optimizer.memory.map(memoryName)].map((name) => fed(name, [layout.length])),
    ...Object.keys(optimizer.scalars({ learningRate: 0 }, 1)).map((scalar) => fed(rateName(scalar), [])),
  ];
  if (options.proximal) ports.push(fed(ANCHOR, [layout.length]), fed(PROXIMAL, []));
  return { ports, body: (tensors, noise) => step(definition, tensors, noise) };
}

function step(definition: StepDefinition, tensors: Tensors, noise: NoiseSource): Tensors {
  const { options, optimizer } = definition;
  const get = (name: string): tf.Tensor => tensorCalled(tensors, name);
  const data = differentiate(definition, tensors, noise);
  const { loss, gradient } = options.proximal
    ? withProximalTerm(data, tf.sub(get(PARAMETERS), get(ANCHOR)), get(PROXIMAL))
    : data;
  const norm = tf.sqrt(tf.sum(tf.square(gradient)));
  const next = optimizer.next({
    parameters: get(PARAMETERS),
    memory: Object.fromEntries(optimizer.memory.map((vector) => [vector, get(memoryName(vector))])),
    gradient,
    gradientScale: options.clipGradientNorm === undefined ? tf.scalar(1) : clipScale(norm, options.clipGradientNorm),
    scalars: Object.fromEntries(
      Object.keys(optimizer.scalars({ learningRate: 0 }, 1)).map((scalar) => [scalar, get(rateName(scalar))]),
    ),
  });
  return {
    [LOSS]: loss,
    [GRADIENT_NORM]: norm,
    [PARAMETERS]: next.parameters,
    ...Object.fromEntries(Object.entries(next.memory).map(([vector, tensor]) => [memoryName(vector), tensor])),
  };
}

interface Objective {
  readonly loss: tf.Tensor;
  /** Flat, in the order of the layout. */
  readonly gradient: tf.Tensor;
}

function differentiate({ loss, layout }: StepDefinition, tensors: Tensors, noise: NoiseSource): Objective {
  const parameters = recordOf(tensors, 'parameter');
  const { value, grads } = tf.engine().gradients(
    () => loss(parameters, recordOf(tensors, 'input'), recordOf(tensors, 'constant'), noise),
    layout.places.map(({ name }) => tensorCalled(parameters, name)),
    undefined,
    true,
  );
  if (value.size !== 1) {
    throw new TensorError('invalid-spec', `The loss has shape [${value.shape.join(', ')}]; it must be a scalar.`);
  }
  // A parameter the loss does not use (a switched-off modality) has no gradient, which counts as zero.
  const parts = layout.places.map(({ begin, end }, i) =>
    tf.reshape(grads[i] ?? tf.zeros([end - begin]), [end - begin]),
  );
  return { loss: tf.reshape(value, []), gradient: tf.concat(parts) };
}

/** mu/2 |d|² and its gradient mu d, for the distance d from the anchor. */
function withProximalTerm({ loss, gradient }: Objective, distance: tf.Tensor, mu: tf.Tensor): Objective {
  return {
    loss: tf.add(loss, tf.mul(tf.mul(mu, 0.5), tf.sum(tf.square(distance)))),
    gradient: tf.add(gradient, tf.mul(distance, mu)),
  };
}

/** What brings a gradient of this norm down to the limit; 1 when it is below. */
function clipScale(norm: tf.Tensor, limit: number): tf.Tensor {
  return tf.minimum(1, tf.div(limit, tf.add(norm, 1e-6)));
}
