import { compilePerExampleGradients } from '../per-example/compile-per-example.ts';
import type { Batch } from '../spec.ts';
import { compile } from '../training/compile.ts';
import type { BenchmarkRow } from './benchmark-training.ts';
import { drawBatch, initialValues, perExampleTransformer, smallTransformer, type Sizes } from './small-transformer.ts';

/** Sequences as long and states as wide as a shop's, so that the cost of the norms has its real share. */
const SIZES: Sizes = { items: 1000, features: 64, experts: 1, width: 128, length: 50, batch: 32, blocks: 2 };
const WARM_UP = 2;
const STEPS = 9;
const CLIP_NORM = 1;

interface Contender {
  readonly run: (batch: Batch) => Promise<unknown>;
  readonly dispose: () => Promise<void>;
  readonly times: number[];
}

/**
 * Milliseconds of one batch with the item side frozen: an ordinary training step, clipped gradients of single examples
 * in one pass, and the same by a loop over the examples. They take turns, so that a busy machine slows all; medians are
 * reported. Takes about ten seconds on two cores.
 */
export async function benchmarkPerExample(): Promise<{ rows: BenchmarkRow[] }> {
  const [plain, together, loop] = [await trainingStep(), await onePass(SIZES), await onePass({ ...SIZES, batch: 1 })];
  const contenders = [plain, together, loop] as const;
  for (let step = 0; step < WARM_UP + STEPS; step++) {
    const batch = drawBatch(SIZES, step);
    for (const { run, times } of contenders) {
      const begin = performance.now();
      await run(batch);
      times.push(performance.now() - begin);
    }
  }
  for (const { dispose } of contenders) await dispose();
  const [step, pass, each] = [median(plain.times), median(together.times), median(loop.times)];
  return {
    rows: [
      { name: 'training step, item side frozen', value: step, unit: 'ms' },
      { name: `clipped gradients of ${SIZES.batch} examples in one pass`, value: pass, unit: 'ms' },
      { name: 'clipped gradients one example at a time', value: each, unit: 'ms' },
      { name: 'one pass over training step', value: pass / step, unit: 'times' },
      { name: 'loop over one pass', value: each / pass, unit: 'times' },
    ],
  };
}

async function trainingStep(): Promise<Contender> {
  const { loss, options } = smallTransformer(SIZES, 0);
  const { trainable } = perExampleTransformer(SIZES);
  const training = await compile(loss, { ...options, trainable, optimizer: { kind: 'adam' }, runtime: 'onnx' });
  training.load(initialValues(options));
  return {
    run: (batch) => training.step(batch, { learningRate: 1e-4 }),
    dispose: () => training.dispose(),
    times: [],
  };
}

/** With a batch of one: a loop over the rows of whatever batch comes. */
async function onePass(sizes: Sizes): Promise<Contender> {
  const spec = perExampleTransformer(sizes);
  const gradients = await compilePerExampleGradients({ ...spec, runtime: 'onnx' });
  gradients.load(initialValues(spec));
  const clipping = { clipNorm: CLIP_NORM, weights: new Float32Array(sizes.batch).fill(1) };
  return {
    run: async (batch) => {
      for (let first = 0; first < SIZES.batch; first += sizes.batch) {
        await gradients.run(rowsOf(batch, first, sizes.batch), clipping);
      }
    },
    dispose: () => gradients.dispose(),
    times: [],
  };
}

function rowsOf(batch: Batch, first: number, count: number): Batch {
  return Object.fromEntries(
    Object.entries(batch).map(([name, { shape, data }]) => {
      const width = data.length / SIZES.batch;
      return [name, { shape: [count, ...shape.slice(1)], data: data.subarray(first * width, (first + count) * width) }];
    }),
  );
}

function median(times: readonly number[]): number {
  const measured = times.slice(WARM_UP).toSorted((a, b) => a - b);
  return measured[Math.floor(measured.length / 2)] ?? Number.NaN;
}
