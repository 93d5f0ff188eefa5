import { describe, expect, test } from 'vitest';

import { drawBatch, initialValues, perExampleTransformer, SMALL, type Sizes } from '../benchmark/small-transformer.ts';
import { uniformSource } from '../benchmark/uniform-source.ts';
import { addPositions } from '../composites/add-positions.ts';
import { exampleCopies } from '../composites/example-copies.ts';
import { gatherRows } from '../composites/gather-rows.ts';
import { layerNorm } from '../composites/layer-norm.ts';
import { linear } from '../composites/linear.ts';
import { tf } from '../engine.ts';
import type { Batch, Runtime, Tensors } from '../spec.ts';
import { clipAndSum, gradientsOneByOne } from '../testing/example-loop.ts';
import { relativeError } from '../testing/gradient-check.ts';
import { segmentsOf, valueName } from '../trace/segments.ts';
import { trace } from '../trace/trace.ts';
import { flatLayout } from '../training/flat-layout.ts';
import { clippedProgram } from './clipped-program.ts';
import { compilePerExampleGradients } from './compile-per-example.ts';
import type { ClippedGradients, Clipping, PerExampleSpec } from './per-example-spec.ts';

const runtimes: readonly Runtime[] = ['onnx', 'cpu'];
const PADDED = Float32Array.of(1, 0.5, 2, 1, 0);

async function runOnce(
  spec: PerExampleSpec,
  values: ReadonlyMap<string, Float32Array>,
  batch: Batch,
  clipping: Clipping,
): Promise<ClippedGradients> {
  const gradients = await compilePerExampleGradients(spec);
  try {
    gradients.load(values);
    return await gradients.run(batch, clipping);
  } finally {
    await gradients.dispose();
  }
}

/** Runs a batch in one pass and example by example, and demands the same. */
async function expectSameAsOneByOne(
  make: (examples: number) => PerExampleSpec,
  batch: Batch,
  weights: Float32Array,
  runtime: Runtime,
): Promise<void> {
  const spec = { ...make(weights.length), runtime };
  const values = initialValues(spec);
  const gradients = await gradientsOneByOne(make(1), values, batch, runtime);
  const { norms } = clipAndSum(gradients, { clipNorm: 1, weights });
  // Between the norms, so that some are clipped and some are not; and without a limit.
  for (const clipNorm of [norms.toSorted((a, b) => a - b)[Math.floor(norms.length / 2)] ?? 1, Infinity]) {
    const expected = clipAndSum(gradients, { clipNorm: clipNorm * 1.000_01, weights });
    const found = await runOnce(spec, values, batch, { clipNorm: clipNorm * 1.000_01, weights });
    expect(relativeError(found.norms, expected.norms)).toBeLessThan(1e-5);
    expect(relativeError(found.sum, expected.sum)).toBeLessThan(1e-5);
    expect(found.clipped).toBe(expected.clipped);
  }
}

/** A model of named parameters and one float input x [examples, places, 3] and places [examples, places]. */
function smallModel(
  examples: number,
  places: number,
  shapes: Readonly<Record<string, readonly number[]>>,
  losses: (get: (name: string) => tf.Tensor) => tf.Tensor,
): PerExampleSpec {
  return {
    parameters: Object.entries(shapes).map(([name, shape]) => ({ name, shape })),
    trainable: () => true,
    inputs: {
      x: { shape: [examples, places, 3], dtype: 'float32' },
      rows: { shape: [examples, places], dtype: 'int32' },
    },
    examples,
    losses: (parameters: Tensors, batch: Tensors) =>
      losses((name) => {
        const tensor = parameters[name] ?? batch[name];
        if (tensor === undefined) throw new Error(`no tensor ${name}`);
        return tensor;
      }),
  };
}

function smallBatch(examples: number, places: number): Batch {
  const uniform = uniformSource(5);
  return {
    x: {
      shape: [examples, places, 3],
      data: Float32Array.from({ length: examples * places * 3 }, () => 2 * uniform() - 1),
    },
    rows: {
      shape: [examples, places],
      data: Int32Array.from({ length: examples * places }, () => Math.floor(uniform() * 4)),
    },
  };
}

/** One loss an example, different at every element. */
function perExampleSum(y: tf.Tensor): tf.Tensor {
  const [examples = 0] = y.shape;
  const flat = tf.reshape(y, [examples, -1]);
  const weights = Float32Array.from({ length: flat.shape[1] ?? 0 }, (_, i) => Math.cos(1 + i));
  return tf.sum(tf.square(tf.add(flat, tf.tensor1d(weights))), 1);
}

const models: Readonly<Record<string, (examples: number, places: number) => PerExampleSpec>> = {
  'a weight and a bias used twice': (examples, places) =>
    smallModel(examples, places, { w: [3, 3], b: [3] }, (get) => {
      const once = tf.tanh(linear(get('x'), get('w'), get('b')));
      return perExampleSum(linear(once, get('w'), get('b')));
    }),
  'a table looked up twice': (examples, places) =>
    smallModel(examples, places, { table: [4, 3] }, (get) => {
      const found = gatherRows(get('table'), get('rows'));
      return perExampleSum(tf.mul(found, gatherRows(get('table'), tf.slice(get('rows'), [0, 0], [-1, 1]))));
    }),
  'positions longer than the batch, and a norm used twice': (examples, places) =>
    smallModel(examples, places, { position: [places + 2, 3], gain: [3], bias: [3] }, (get) => {
      const once = layerNorm(addPositions(get('x'), get('position')), get('gain'), get('bias'));
      return perExampleSum(layerNorm(tf.mul(once, get('x')), get('gain'), get('bias')));
    }),
  'a matrix that acts on what all examples read, and a vector in an exponent': (examples, places) =>
    smallModel(examples, places, { w: [3, 4], s: [1] }, (get) => {
      const table = tf.tensor2d(
        Float32Array.from({ length: 15 }, (_, at) => Math.sin(at)),
        [5, 3],
      );
      const [own, scale] = [exampleCopies(get('w'), examples), exampleCopies(get('s'), examples)];
      const read = Array.from({ length: examples }, (_, at) => {
        const mine = tf.reshape(tf.slice(own, [at, 0, 0], [1, -1, -1]), [3, 4]);
        const encoded = tf.tanh(tf.matMul(table, mine));
        const x = tf.reshape(tf.slice(get('x'), [at, 0, 0], [1, -1, -1]), [places, 3]);
        return tf.mul(tf.matMul(tf.matMul(x, mine), encoded, false, true), tf.exp(tf.slice(scale, [at, 0], [1, 1])));
      });
      return perExampleSum(tf.stack(read));
    }),
  'one place an example': (examples, places) =>
    smallModel(examples, places, { w: [3, 5], b: [5], unused: [2] }, (get) =>
      perExampleSum(linear(tf.sum(get('x'), 1), get('w'), get('b'))),
    ),
};

describe.each(runtimes)('gradients of single examples (%s)', (runtime) => {
  const transformer =
    (sizes: Sizes) =>
    (examples: number): PerExampleSpec =>
      perExampleTransformer({ ...sizes, batch: examples });

  test('a Transformer gives what a loop over its examples gives, with padding and weights', async () => {
    await expectSameAsOneByOne(transformer(SMALL), drawBatch(SMALL, 2), PADDED, runtime);
  });

  test('a batch of one example is that example', async () => {
    const one = { ...SMALL, batch: 1 };
    await expectSameAsOneByOne(transformer(one), drawBatch(one, 4), Float32Array.of(1), runtime);
  });

  // Ghost norms are taken for few places, the gradients themselves for many.
  test.each(Object.keys(models).flatMap((name) => [1, 2, 6].map((places) => [name, places] as const)))(
    '%s, %i places',
    async (name, places) => {
      const make = (examples: number): PerExampleSpec => {
        const model = models[name];
        if (model === undefined) throw new Error(`no model ${name}`);
        return model(examples, places);
      };
      await expectSameAsOneByOne(make, smallBatch(5, places), PADDED, runtime);
    },
  );

  // By ghost norms and by the gradients themselves.
  test.each([4, 40])(
    'an example whose %i places cancel all but for rounding is clipped all the same',
    async (places) => {
      const [examples, width] = [8, 24];
      const uniform = uniformSource(3);
      const ordinary = Float32Array.from({ length: examples * places * width }, () => 1000 * (uniform() - 0.5));
      // Each two places have nearly the same input, and pull in opposite directions.
      const cancelling = ordinary.slice();
      for (let at = 0; at < cancelling.length; at++) {
        if (Math.floor(at / width) % 2 === 1) cancelling[at] = (cancelling[at - width] ?? 0) * (1 + 1e-6 * uniform());
      }
      const spec: PerExampleSpec = {
        parameters: [{ name: 'w', shape: [width, width] }],
        trainable: () => true,
        inputs: { x: { shape: [examples, places, width], dtype: 'float32' } },
        examples,
        losses: ({ w = tf.scalar(0) }, { x: input = tf.scalar(0) }) => {
          const signs = tf.tensor3d(
            Array.from({ length: places }, (_, at) => (at % 2) * 2 - 1),
            [1, places, 1],
          );
          return tf.sum(tf.mul(linear(input, w), signs), [1, 2]);
        },
        runtime,
      };
      const batch = (data: Float32Array): Batch => ({ x: { shape: [examples, places, width], data } });
      const only = (one: number): Float32Array =>
        Float32Array.from({ length: examples }, (_, at) => (at === one ? 1 : 0));
      const clipNorm = 1e-3;
      const gradients = await compilePerExampleGradients(spec);
      gradients.load(initialValues(spec));
      await gradients.run(batch(ordinary), { clipNorm, weights: only(0) });
      for (let one = 0; one < examples; one++) {
        const { sum } = await gradients.run(batch(cancelling), { clipNorm, weights: only(one) });
        expect(Math.hypot(...sum)).toBeLessThan(clipNorm * (1 + 2 ** -10));
      }
      await gradients.dispose();
    },
  );

  test('padding changes nothing', async () => {
    const spec = { ...perExampleTransformer(SMALL), runtime };
    const batch = drawBatch(SMALL, 2);
    const other = drawBatch(SMALL, 3);
    const rows = Int32Array.from(batch['history']?.data ?? []);
    rows.set(other['history']?.data.subarray(-SMALL.length) ?? [], rows.length - SMALL.length);
    const history = { shape: [SMALL.batch, SMALL.length], data: rows };
    const clipping = { clipNorm: 1, weights: PADDED };
    const { sum } = await runOnce(spec, initialValues(spec), batch, clipping);
    const changed = await runOnce(spec, initialValues(spec), { ...batch, history }, clipping);
    expect(relativeError(changed.sum, sum)).toBeLessThan(1e-6);
  });

  test('no tensor is left behind', async () => {
    const before = tf.memory().numTensors;
    const spec = { ...perExampleTransformer(SMALL), runtime };
    await runOnce(spec, initialValues(spec), drawBatch(SMALL, 1), { clipNorm: 1, weights: PADDED });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('moving to other parameters is loading them', async () => {
    const spec = { ...perExampleTransformer(SMALL), runtime };
    const clipping = { clipNorm: 1, weights: PADDED };
    const there = initialValues(spec, 9);
    const gradients = await compilePerExampleGradients(spec);
    gradients.load(
      new Map(
        [...initialValues(spec)].map(([name, data]) => [name, spec.trainable(name) ? data : (there.get(name) ?? data)]),
      ),
    );
    gradients.moveTo(Float32Array.from(gradients.layout.places.flatMap(({ name }) => [...(there.get(name) ?? [])])));
    const moved = await gradients.run(drawBatch(SMALL, 1), clipping);
    await gradients.dispose();
    expect(moved).toEqual(await runOnce(spec, there, drawBatch(SMALL, 1), clipping));
  });

  test('losses that read the rows of other examples are refused', async () => {
    const model = smallModel(4, 1, { w: [3, 3] }, (get) => {
      const states = tf.reshape(linear(get('x'), get('w')), [4, 3]);
      // In-batch negatives: every example is a rival of the others.
      return tf.neg(tf.sum(tf.mul(tf.logSoftmax(tf.matMul(states, states, false, true)), tf.eye(4)), 1));
    });
    const clipping = { clipNorm: 1, weights: new Float32Array(4).fill(1) };
    const run = runOnce({ ...model, runtime }, initialValues(model), smallBatch(4, 1), clipping);
    await expect(run).rejects.toThrow(/depends on the loss of another example/);
  });

  test('a table of items that happens to be as long as the batch is refused', async () => {
    const sizes = { ...SMALL, items: SMALL.batch };
    const spec = {
      ...perExampleTransformer(sizes),
      trainable: (name: string) => name === 'item.text/expert.weight',
      runtime,
    };
    const run = runOnce(spec, initialValues(spec), drawBatch(sizes, 1), { clipNorm: 1, weights: PADDED });
    await expect(run).rejects.toThrow(/depends on the loss of another example/);
  });
});

describe('parameters whose gradients of single examples cannot be formed', () => {
  const compile = (
    shapes: Readonly<Record<string, readonly number[]>>,
    losses: (get: (name: string) => tf.Tensor) => tf.Tensor,
  ): Promise<unknown> => compilePerExampleGradients(smallModel(4, 2, shapes, losses));

  test.each([
    [
      { w: [3, 2] },
      (get) => perExampleSum(tf.matMul(tf.reshape(get('x'), [8, 3]), get('w')).reshape([4, 4])),
      /"w".*not recorded/,
    ],
    [{ w: [3, 3] }, (get) => perExampleSum(tf.add(linear(get('x'), get('w')), tf.sum(get('w')))), /"w".*not recorded/],
    [
      { w: [3, 2] },
      (get) => perExampleSum(linear(tf.reshape(get('x'), [8, 3]), get('w')).reshape([4, 4])),
      /"w".*length 8.*4 examples/,
    ],
    [
      { w: [4, 3] },
      (get) =>
        perExampleSum(linear(linear(get('x'), tf.ones([3, 4])), get('w')).add(gatherRows(get('w'), get('rows')))),
      /"w".*two ways/,
    ],
    [{ w: [3, 2] }, (get) => tf.sum(linear(get('x'), get('w'))), /one for each of the 4 examples/],
  ] satisfies [Record<string, number[]>, (get: (name: string) => tf.Tensor) => tf.Tensor, RegExp][])(
    '%o are refused by name',
    async (shapes, losses, message) => {
      await expect(compile(shapes, losses)).rejects.toThrow(message);
    },
  );

  test('experts that every example shares are refused by name', async () => {
    const spec = { ...perExampleTransformer(SMALL), trainable: (name: string) => name === 'item.text/expert.weight' };
    await expect(compilePerExampleGradients(spec)).rejects.toThrow(/"item.text\/expert.weight".*24.*5 examples/);
  });
});

test('frozen groups cost nothing: their part of the graph runs once a load, and nothing is differentiated by them', () => {
  const fed = (trainable: (name: string) => boolean): { inputs: string[]; nodes: number } => {
    const spec = { ...perExampleTransformer(SMALL), trainable };
    const layout = flatLayout(spec.parameters.filter(({ name }) => trainable(name)));
    const segment = segmentsOf(trace(clippedProgram(spec, layout))).fed;
    return { inputs: segment.inputs.map(valueName), nodes: segment.nodes.length };
  };
  const sequence = fed((name) => name.startsWith('sequence.'));
  const lastBlock = fed((name) => name.startsWith('sequence.block.1.feedforward'));
  expect(sequence.inputs.filter((name) => /:item\.(text|image)|^constant/.test(name))).toEqual([]);
  expect(lastBlock.nodes).toBeLessThan(0.6 * sequence.nodes);
});

test('bad clipping is refused and changes nothing', async () => {
  const spec = perExampleTransformer(SMALL);
  const gradients = await compilePerExampleGradients(spec);
  const batch = drawBatch(SMALL, 1);
  await expect(gradients.run(batch, { clipNorm: 1, weights: PADDED })).rejects.toThrow(/load/);
  gradients.load(initialValues(spec));
  await expect(gradients.run(batch, { clipNorm: 0, weights: PADDED })).rejects.toThrow(/above 0/);
  await expect(gradients.run(batch, { clipNorm: 1, weights: PADDED.slice(1) })).rejects.toThrow(/4 weights for 5/);
  await expect(gradients.run(batch, { clipNorm: 1, weights: PADDED.map(() => -1) })).rejects.toThrow(/negative/);
  const extreme = initialValues(spec);
  extreme.get('sequence.position/embedding')?.fill(Number.NaN);
  gradients.load(extreme);
  await expect(gradients.run(batch, { clipNorm: 1, weights: PADDED })).rejects.toThrow(/not a finite number/);
  await gradients.dispose();
});
