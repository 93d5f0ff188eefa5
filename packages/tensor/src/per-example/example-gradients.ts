import { tf } from '../engine.ts';
import { TensorError } from '../error.ts';
import { sizeOf } from '../safetensors/tensor-file.ts';
import type { ParameterSpec } from '../spec.ts';
import type { RecordedUse } from './recording.ts';

/** The gradients of one parameter for every example of a batch, never written out where that can be avoided. */
export interface ExampleGradients {
  /** Squared L2 norm of each example's gradient, [examples]; not below what `weightedSum` adds, but for rounding. */
  readonly squaredNorms: tf.Tensor;
  /** Sum over the examples of factors [examples] times gradient, in the parameter's shape. */
  weightedSum(factors: tf.Tensor): tf.Tensor;
}

/** The places of every example that share a matrix or a table: what went in and the gradient of what came out. */
interface Places {
  /** [examples, places, ...]. */
  readonly input: tf.Tensor;
  /** [examples, places, width]. */
  readonly dy: tf.Tensor;
}

/**
 * Where the places of an example cancel, float32 cannot tell how long their sum is, and a norm taken too small would let the
 * gradient through unclipped. So the square of the sum of their lengths is added with this factor, some twenty times what
 * rounding makes of it: a gradient whose terms are 50 times as long as their sum comes out by 1.5e-4 longer.
 */
const CANCELLATION = 2 ** -23;

/**
 * Gradients by ghost norms and book-keeping (Li et al. 2022, section 4; Bu et al. 2022): an example's gradient of a
 * weight is X^T dY over its places, so both its norm and any weighted sum follow from X and dY. A parameter used
 * several times is one with the places of all uses, which takes the cross terms along.
 *
 * @throws TensorError `invalid-spec` if the uses are of different kinds or do not hold the examples on their first axis
 */
export function exampleGradients(
  parameter: ParameterSpec,
  uses: readonly RecordedUse[],
  examples: number,
): ExampleGradients {
  const [kind, other] = new Set(uses.map(({ use }) => use.kind));
  if (other !== undefined) throw refused(parameter.name, `it is used in two ways, ${kind} and ${other}`);
  for (const { use } of uses) {
    if (use.examples === examples) continue;
    throw refused(
      parameter.name,
      `it acts on a tensor whose first axis has length ${use.examples} and so is not that of the ${examples} examples`,
    );
  }
  switch (kind) {
    case 'product':
      return ofProduct(parameter, placesOf(parameter, uses, [parameter.shape[0] ?? 1]));
    case 'rows':
      return ofRows(parameter, placesOf(parameter, uses, []));
    default:
      return ofVectors(
        parameter,
        uses.map((use) => vectorsOf(parameter, use)).reduce((sum, vectors) => tf.add(sum, vectors)),
      );
  }
}

function placesOf({ shape }: ParameterSpec, uses: readonly RecordedUse[], inputShape: readonly number[]): Places {
  const width = sizeOf(shape.slice(1));
  const all = uses.map(({ use, dy }) => {
    const places = dy.size / (use.examples * width);
    const input = 'input' in use ? use.input : dy;
    return {
      input: tf.reshape(input, [use.examples, places, ...inputShape]),
      dy: tf.reshape(dy, [use.examples, places, width]),
    };
  });
  return { input: joined(all.map(({ input }) => input)), dy: joined(all.map(({ dy }) => dy)) };
}

/** One example's gradient of a vector, a table of positions or a copy, for each example: [examples, size]. */
function vectorsOf({ shape }: ParameterSpec, { use, dy }: RecordedUse): tf.Tensor {
  if (use.kind === 'copies') return tf.reshape(dy, [use.examples, -1]);
  const change = use.kind === 'scale' ? tf.mul(dy, use.input) : dy;
  const rows = tf.reshape(change, [use.examples, -1, shape.at(-1) ?? 1]);
  if (use.kind !== 'positions') return tf.sum(rows, 1);
  // Positions beyond the batch's length have gradient zero.
  const unused = (shape[0] ?? 0) - (rows.shape[1] ?? 0);
  const table = unused === 0 ? rows : tf.concat([rows, tf.zeros([use.examples, unused, shape.at(-1) ?? 1])], 1);
  return tf.reshape(table, [use.examples, -1]);
}

function ofProduct({ shape }: ParameterSpec, { input, dy }: Places): ExampleGradients {
  const [rows = 1, columns = 1] = shape;
  const [examples = 1, places = 1] = dy.shape;
  // Two Gram matrices of the places, or the gradient itself, whichever is smaller (Bu et al. 2022, mixed ghost norm).
  const squaredNorms =
    2 * places ** 2 <= rows * columns
      ? tf.sum(tf.mul(gram(input), gram(dy)), [1, 2])
      : tf.sum(tf.square(tf.matMul(input, dy, true, false)), [1, 2]);
  return {
    squaredNorms: tf.add(squaredNorms, cancellation(tf.mul(lengths(input), lengths(dy)))),
    weightedSum: (factors) => {
      const scaled = tf.reshape(tf.mul(dy, tf.reshape(factors, [examples, 1, 1])), [-1, columns]);
      return tf.matMul(tf.reshape(input, [-1, rows]), scaled, true, false);
    },
  };
}

/** The same with one-hot inputs: two places have product 1 if they took the same row of the table. */
function ofRows({ shape }: ParameterSpec, { input, dy }: Places): ExampleGradients {
  const [examples = 1] = dy.shape;
  const same = tf.cast(tf.equal(tf.expandDims(input, 2), tf.expandDims(input, 1)), 'float32');
  return {
    squaredNorms: tf.add(tf.sum(tf.mul(same, gram(dy)), [1, 2]), cancellation(lengths(dy))),
    weightedSum: (factors) => {
      const scaled = tf.mul(dy, tf.reshape(factors, [examples, 1, 1]));
      return tf.scatterND(tf.reshape(input, [-1, 1]), tf.reshape(scaled, [input.size, ...shape.slice(1)]), [...shape]);
    },
  };
}

/** Gains, biases, positions and what is copied are so small that every example's gradient [examples, size] is simply there. */
function ofVectors({ shape }: ParameterSpec, vectors: tf.Tensor): ExampleGradients {
  return {
    squaredNorms: tf.sum(tf.square(vectors), 1),
    weightedSum: (factors) => tf.reshape(tf.matMul(tf.reshape(factors, [1, -1]), vectors), [...shape]),
  };
}

/** Products of every two places of each example, [examples, places, places]. */
function gram(rows: tf.Tensor): tf.Tensor {
  return tf.matMul(rows, rows, false, true);
}

/** Of the lengths of each example's terms, [examples, places]: what their rounding may have taken off a squared norm. */
function cancellation(terms: tf.Tensor): tf.Tensor {
  return tf.mul(tf.square(tf.sum(terms, 1)), CANCELLATION);
}

/** L2 norms of the rows, [examples, places]. */
function lengths(rows: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.sum(tf.square(rows), 2));
}

function joined(parts: readonly tf.Tensor[]): tf.Tensor {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : tf.concat([...parts], 1);
}

export function refused(name: string, why: string): TensorError {
  return new TensorError(
    'invalid-spec',
    `Gradients of single examples cannot be formed for "${name}": ${why}. Freeze it, or use it only through linear, layerNorm, gatherRows or addPositions on tensors [examples, ...], or through exampleCopies.`,
  );
}
