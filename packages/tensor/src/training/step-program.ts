import { tf } from '../engine.ts';
import { TensorError } from '../error.ts';
import type { Port, Program } from '../runtime/executable.ts';
import { constantPorts, inputPorts, parameterPorts, recordOf } from '../runtime/ports.ts';
import type { NoiseSource, Tensors, TrainingSpec } from '../spec.ts';
import { ADAM_SCALARS, adamStep } from './adam.ts';
import { flatLayout, type FlatLayout } from './flat-layout.ts';

/** Vectors of the layout's length that live from step to step. */
export const STATE = { parameters: 'state/parameters', first: 'state/first', second: 'state/second' } as const;
export const ANCHOR = 'state/anchor';
export const PROXIMAL = 'rate/proximal';
export const LOSS = 'loss';
export const GRADIENT_NORM = 'gradient-norm';

export function rateName(scalar: string): string {
  return `rate/${scalar}`;
}

export interface StepProgram {
  readonly program: Program;
  readonly layout: FlatLayout;
}

/** The whole training step, from parameters and batch to new parameters, as one program. */
export function stepProgram(spec: TrainingSpec): StepProgram {
  const trainable = spec.parameters.filter(({ name }) => spec.trainable(name));
  const frozen = spec.parameters.filter(({ name }) => !spec.trainable(name));
  if (trainable.length === 0) throw new TensorError('invalid-spec', 'No parameter is trainable.');
  const layout = flatLayout(trainable);
  const fed = (name: string, shape: readonly number[]): Port => ({ name, shape, dtype: 'float32', changes: 'fed' });
  const ports: Port[] = [
    ...constantPorts(spec.constants),
    ...parameterPorts(frozen, 'fixed'),
    ...parameterPorts(trainable, 'fed'),
    ...inputPorts(spec.inputs),
    ...Object.values(STATE).map((name) => fed(name, [layout.length])),
    ...ADAM_SCALARS.map((scalar) => fed(rateName(scalar), [])),
  ];
  if (spec.proximal) ports.push(fed(ANCHOR, [layout.length]), fed(PROXIMAL, []));
  return { layout, program: { ports, body: (tensors, noise) => step(spec, layout, tensors, noise) } };
}

function step(spec: TrainingSpec, layout: FlatLayout, tensors: Tensors, noise: NoiseSource): Tensors {
  const get = (name: string): tf.Tensor => tensorCalled(tensors, name);
  const data = differentiate(spec, layout, tensors, noise);
  const { loss, gradient } = spec.proximal
    ? withProximalTerm(data, tf.sub(get(STATE.parameters), get(ANCHOR)), get(PROXIMAL))
    : data;
  const norm = tf.sqrt(tf.sum(tf.square(gradient)));
  const next = adamStep(
    spec.optimizer,
    { parameters: get(STATE.parameters), firstMoment: get(STATE.first), secondMoment: get(STATE.second) },
    gradient,
    spec.clipGradientNorm === undefined ? tf.scalar(1) : clipScale(norm, spec.clipGradientNorm),
    { stepSize: get(rateName('stepSize')), epsilon: get(rateName('epsilon')), retained: get(rateName('retained')) },
  );
  return {
    [LOSS]: loss,
    [GRADIENT_NORM]: norm,
    [STATE.parameters]: next.parameters,
    [STATE.first]: next.firstMoment,
    [STATE.second]: next.secondMoment,
  };
}

interface Objective {
  readonly loss: tf.Tensor;
  /** Flat, in the order of the layout. */
  readonly gradient: tf.Tensor;
}

function differentiate(spec: TrainingSpec, layout: FlatLayout, tensors: Tensors, noise: NoiseSource): Objective {
  const parameters = recordOf(tensors, 'parameter');
  const { value, grads } = tf.engine().gradients(
    () => spec.loss(parameters, recordOf(tensors, 'input'), recordOf(tensors, 'constant'), noise),
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

function tensorCalled(tensors: Tensors, name: string): tf.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new TensorError('invalid-spec', `No tensor is called "${name}".`);
  return tensor;
}
