import type { Runtime } from '../spec.ts';
import { compile, type Training } from '../training/compile.ts';
import { drawBatch, initialValues, smallTransformer, type Sizes } from './small-transformer.ts';

export interface BenchmarkRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: number;
  readonly met?: boolean;
}

/** Large enough that arithmetic outweighs overhead, small enough that the eager runtime takes a second per step. */
const SIZES: Sizes = { items: 500, features: 64, experts: 2, width: 32, length: 20, batch: 16, blocks: 2 };
const WARM_UP = 2;
const STEPS = 7;

/**
 * Milliseconds of one training step of a small recommender, compiled and eager. The runtimes take turns, so that a
 * busy machine slows both; medians are reported. Takes about ten seconds on two cores.
 */
export async function benchmarkTraining(): Promise<{ rows: BenchmarkRow[] }> {
  const compiled = await prepare('onnx');
  const eager = await prepare('cpu');
  for (let step = 0; step < WARM_UP + STEPS; step++) {
    for (const { training, times } of [compiled, eager]) {
      const batch = drawBatch(SIZES, step);
      const begin = performance.now();
      await training.step(batch, { learningRate: 1e-3 });
      times.push(performance.now() - begin);
    }
  }
  await compiled.training.dispose();
  await eager.training.dispose();
  const [fast, slow] = [median(compiled.times.slice(WARM_UP)), median(eager.times.slice(WARM_UP))];
  return {
    rows: [
      { name: 'compile a training step (onnx)', value: compiled.compilation, unit: 'ms' },
      { name: 'training step, compiled (onnx)', value: fast, unit: 'ms' },
      { name: 'training step, eager (cpu)', value: slow, unit: 'ms' },
      { name: 'compiled over eager', value: slow / fast, unit: 'times' },
    ],
  };
}

async function prepare(runtime: Runtime): Promise<{ training: Training; compilation: number; times: number[] }> {
  const { loss, options } = smallTransformer(SIZES, 0.1);
  const training = await compile(loss, { ...options, optimizer: { kind: 'adam' }, runtime });
  training.load(initialValues(options));
  const begin = performance.now();
  await training.step(drawBatch(SIZES, 0), { learningRate: 1e-3 });
  const compilation = performance.now() - begin;
  return { training, compilation, times: [] };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
