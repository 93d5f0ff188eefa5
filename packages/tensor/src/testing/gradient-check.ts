import { uniformSource } from '../benchmark/uniform-source.ts';
import { compileInference } from '../compile-inference.ts';
import { tf } from '../engine.ts';
import type { Batch, Runtime } from '../spec.ts';

export interface Operand {
  readonly shape: readonly number[];
  /** Values are drawn from here, so that kinks and poles can be avoided. Default [-2, 2]. */
  readonly range?: readonly [number, number];
  /** Whole numbers below `range[1]`; never differentiated. */
  readonly integer?: true;
}

export type OperandValues = Readonly<Record<string, Float32Array | Int32Array>>;

export interface DifferentiableCase {
  readonly operands: Readonly<Record<string, Operand>>;
  readonly compute: (operands: Readonly<Record<string, tf.Tensor>>) => tf.Tensor;
}

/** The value of a case, and the gradients of a weighted sum of it, on one runtime. */
export interface Evaluated {
  readonly value: Float32Array | Int32Array;
  readonly gradients: Readonly<Record<string, Float32Array>>;
}

export function drawOperands({ operands }: DifferentiableCase, seed: number): OperandValues {
  const uniform = uniformSource(seed);
  return Object.fromEntries(
    Object.entries(operands).map(([name, { shape, range: [low, high] = [-2, 2], integer }]) => {
      const draw = (): number => low + (high - low) * uniform();
      const length = shape.reduce((size, dimension) => size * dimension, 1);
      const values = Array.from({ length }, draw);
      return [name, integer ? Int32Array.from(values, Math.floor) : Float32Array.from(values)];
    }),
  );
}

export async function evaluate(
  example: DifferentiableCase,
  values: OperandValues,
  runtime: Runtime,
  extent: 'value and gradients' | 'value only' = 'value and gradients',
): Promise<Evaluated> {
  const differentiated = Object.entries(example.operands)
    .filter(([, { integer }]) => extent === 'value and gradients' && integer === undefined)
    .map(([name]) => name);
  const inference = await compileInference(
    (_, inputs) => {
      if (differentiated.length === 0) return { value: example.compute(inputs) };
      const { grads } = tf.engine().gradients(
        () => weightedSum(example.compute(inputs)),
        differentiated.map((name) => inputs[name] ?? tf.scalar(0)),
        undefined,
        true,
      );
      const zero = tf.scalar(0);
      return {
        value: example.compute(inputs),
        ...Object.fromEntries(
          differentiated.map((name, i) => [`gradient ${name}`, grads[i] ?? tf.mul(zero, inputs[name] ?? zero)]),
        ),
      };
    },
    { parameters: [], runtime },
  );
  inference.load(new Map());
  const results = await inference.run(batchOf(example, values));
  await inference.dispose();
  return {
    value: results['value']?.data ?? new Float32Array(),
    gradients: Object.fromEntries(
      differentiated.map((name) => [name, Float32Array.from(results[`gradient ${name}`]?.data ?? [])]),
    ),
  };
}

export interface Slopes {
  readonly places: readonly number[];
  readonly slopes: readonly number[];
}

/**
 * Slopes at a few elements of every operand by central differences of fourth order (error h⁴), on the cpu runtime,
 * summed in double precision.
 */
export async function finiteDifferences(
  example: DifferentiableCase,
  values: OperandValues,
): Promise<Readonly<Record<string, Slopes>>> {
  const step = 0.03;
  const inference = await compileInference((_, inputs) => ({ value: example.compute(inputs) }), {
    parameters: [],
    runtime: 'cpu',
  });
  inference.load(new Map());
  const found: Record<string, Slopes> = {};
  for (const [name, data] of Object.entries(values)) {
    if (data instanceof Int32Array) continue;
    const places = [0, 1, 2, 3].map((quarter) => Math.floor((quarter * (data.length - 1)) / 3));
    const slopes: number[] = [];
    for (const place of places) {
      const at = async (offset: number): Promise<number> => {
        const moved = data.slice();
        moved[place] = (data[place] ?? 0) + offset;
        const { value } = await inference.run(batchOf(example, { ...values, [name]: moved }));
        return Array.from(value?.data ?? []).reduce((sum, element, i) => sum + element * weightAt(i), 0);
      };
      const near = (await at(step)) - (await at(-step));
      const far = (await at(2 * step)) - (await at(-2 * step));
      slopes.push((8 * near - far) / (12 * step));
    }
    found[name] = { places, slopes };
  }
  await inference.dispose();
  return found;
}

/** Largest difference relative to the largest magnitude of the reference. */
export function relativeError(actual: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (actual.length !== reference.length) return Number.POSITIVE_INFINITY;
  const expected = Array.from(reference);
  const scale = Math.max(...expected.map(Math.abs), 1e-3);
  return Math.max(0, ...expected.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN)))) / scale;
}

function batchOf({ operands }: DifferentiableCase, values: OperandValues): Batch {
  return Object.fromEntries(
    Object.entries(operands).map(([name, { shape }]) => [name, { shape, data: values[name] ?? new Float32Array() }]),
  );
}

/** Different for every element, so that a gradient that mixes up elements is seen. */
function weightAt(place: number): number {
  return Math.fround(Math.cos(1 + place));
}

function weightedSum(value: tf.Tensor): tf.Scalar {
  const weights = Float32Array.from({ length: value.size }, (_, place) => weightAt(place));
  return tf.sum(tf.mul(tf.cast(value, 'float32'), tf.tensor(weights, value.shape)));
}
