import { tf } from '../engine.ts';
import { TensorError } from '../error.ts';
import type { Port, Program } from '../runtime/executable.ts';
import { constantPorts, parameterPorts, recordOf, tensorCalled } from '../runtime/ports.ts';
import type { ParameterSpec, Tensors } from '../spec.ts';
import type { FlatLayout } from '../training/flat-layout.ts';
import { exampleGradients, refused } from './example-gradients.ts';
import { whileRecording } from './parameter-use.ts';
import type { PerExampleSpec } from './per-example-spec.ts';
import { Recording } from './recording.ts';
import { inputPorts } from './static-inputs.ts';

export const PORTS = {
  /** [examples]: what each example's loss is multiplied by before differentiation. */
  scales: 'per-example/scales',
  /** [examples]: what each clipped gradient is multiplied by. */
  weights: 'per-example/weights',
  clipNorm: 'per-example/clip-norm',
} as const;

export const RESULTS = { sum: 'sum', norms: 'norms', losses: 'losses' } as const;

/** Far below any norm that matters; keeps a gradient of zero from being divided by. */
const LEAST_NORM = 1e-30;

/** Losses, norms and the weighted sum of clipped gradients of a batch, in one forward and one backward pass. */
export function clippedProgram(spec: PerExampleSpec, layout: FlatLayout): Program {
  const trained = new Set(layout.places.map(({ name }) => name));
  const frozen = spec.parameters.filter(({ name }) => !trained.has(name));
  const fed = (name: string, shape: readonly number[]): Port => ({ name, shape, dtype: 'float32', changes: 'fed' });
  return {
    ports: [
      ...constantPorts(spec.constants),
      ...parameterPorts(frozen, 'fixed'),
      ...parameterPorts(layout.places, 'fed'),
      ...inputPorts(spec.inputs),
      fed(PORTS.scales, [spec.examples]),
      fed(PORTS.weights, [spec.examples]),
      fed(PORTS.clipNorm, []),
    ],
    body: (tensors) => {
      const parameters = recordOf(tensors, 'parameter');
      const recording = new Recording(new Map(layout.places.map(({ name }) => [name, tensorCalled(parameters, name)])));
      try {
        const losses = differentiate(spec, layout.places, tensors, recording);
        return { [RESULTS.losses]: losses, ...clippedSum(spec.examples, layout, tensors, recording) };
      } finally {
        recording.dispose();
      }
    },
  };
}

/** Runs both passes; the recording holds the gradients afterwards. */
function differentiate(
  spec: PerExampleSpec,
  trainable: readonly ParameterSpec[],
  tensors: Tensors,
  recording: Recording,
): tf.Tensor {
  const parameters = recordOf(tensors, 'parameter');
  const [inputs, constants] = [recordOf(tensors, 'input'), recordOf(tensors, 'constant')];
  const { value, grads } = tf.engine().gradients(
    () => {
      const losses = whileRecording(recording, () => spec.losses(parameters, inputs, constants));
      if (losses.shape.length === 1 && losses.shape[0] === spec.examples) return losses;
      throw new TensorError(
        'invalid-spec',
        `The losses have shape [${losses.shape.join(', ')}]; there must be one for each of the ${spec.examples} examples.`,
      );
    },
    [recording.tap, ...trainable.map(({ name }) => tensorCalled(parameters, name))],
    tensorCalled(tensors, PORTS.scales),
    true,
  );
  const unrecorded = trainable.find((_, i) => grads[i + 1] != null);
  if (unrecorded !== undefined) throw refused(unrecorded.name, 'it is used in an operation that is not recorded');
  return value;
}

function clippedSum(
  examples: number,
  { places }: FlatLayout,
  tensors: Tensors,
  recording: Recording,
): { [RESULTS.norms]: tf.Tensor; [RESULTS.sum]: tf.Tensor } {
  const gradients = places.map((place) => {
    const uses = recording.usesOf(place.name);
    // A parameter no loss depends on has gradient zero.
    return { place, of: uses.length === 0 ? undefined : exampleGradients(place, uses, examples) };
  });
  const squares = gradients.reduce<tf.Tensor>(
    (sum, { of }) => (of === undefined ? sum : tf.add(sum, of.squaredNorms)),
    tf.zeros([examples]),
  );
  // Rounding may leave a sum of products that cancel a little below zero.
  const norms = tf.sqrt(tf.relu(squares));
  const share = tf.minimum(1, tf.div(tensorCalled(tensors, PORTS.clipNorm), tf.maximum(norms, LEAST_NORM)));
  const factors = tf.mul(share, tensorCalled(tensors, PORTS.weights));
  const parts = gradients.map(({ place: { begin, end }, of }) =>
    of === undefined ? tf.zeros([end - begin]) : tf.reshape(of.weightedSum(factors), [end - begin]),
  );
  return { [RESULTS.norms]: norms, [RESULTS.sum]: tf.concat(parts) };
}
