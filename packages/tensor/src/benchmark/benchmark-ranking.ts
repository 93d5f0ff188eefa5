import { compileInference, type Outputs } from '../compile-inference.ts';
import { tf } from '../engine.ts';
import { targetRanks } from '../ranking/target-ranks.ts';
import type { Batch } from '../spec.ts';
import type { BenchmarkRow } from './benchmark-training.ts';
import { drawBatch, initialValues, logitsOf, smallTransformer, type Sizes } from './small-transformer.ts';

export interface RankingSizes {
  readonly customers: number;
  readonly items: number;
}

const SHOP: RankingSizes = { customers: 10_000, items: 10_000 };
const BATCH = 128;
const TARGET_SECONDS = 4;

/**
 * Seconds of a full-ranking evaluation, histories masked, of a model of width 128 with two blocks over histories of 50:
 * once with the ranks computed in the graph, once with the scores brought out and ranked in JavaScript. A tenth of the
 * customers is measured for the second and scaled. Takes about 20 s on two cores.
 */
export async function benchmarkRanking({ customers, items }: RankingSizes = SHOP): Promise<{ rows: BenchmarkRow[] }> {
  const sizes: Sizes = { items, features: 64, experts: 1, width: 128, length: 50, batch: BATCH, blocks: 2 };
  const inGraph = await seconds(sizes, Math.ceil(customers / BATCH), (p, b, c) => {
    const scores = logitsOf(sizes, p, b, c, (x) => x);
    const { target = tf.scalar(0), history = tf.scalar(0), counted = tf.scalar(0) } = b;
    return { ranks: targetRanks({ scores, targets: target, masked: { items: history, counted } }) };
  });
  const share = 10;
  const outside = await seconds(
    sizes,
    Math.ceil(customers / BATCH / share),
    (p, b, c) => ({ scores: logitsOf(sizes, p, b, c, (x) => x) }),
    (batch, { scores }) => rankAll(batch, scores?.data ?? [], items),
  );
  const name = `${customers.toLocaleString('en')} customers x ${items.toLocaleString('en')} items`;
  return {
    rows: [
      {
        name: `full ranking in the graph, ${name}`,
        value: inGraph,
        unit: 's',
        target: TARGET_SECONDS,
        met: inGraph <= TARGET_SECONDS,
      },
      { name: 'the same, ranked in JavaScript', value: outside * share, unit: 's' },
    ],
  };
}

type Results = Readonly<Record<string, { readonly data: ArrayLike<number> }>>;

async function seconds(
  sizes: Sizes,
  batches: number,
  outputs: Outputs,
  after: (batch: Batch, results: Results) => void = () => undefined,
): Promise<number> {
  const { options } = smallTransformer(sizes, 0);
  const inference = await compileInference(outputs, { ...options, runtime: 'onnx' });
  inference.load(initialValues(options));
  const batch = withCounts(drawBatch(sizes, 1), sizes.length);
  for (let warmUp = 0; warmUp < 2; warmUp++) await inference.run(batch);
  const begin = performance.now();
  for (let i = 0; i < batches; i++) after(batch, await inference.run(batch));
  const passed = (performance.now() - begin) / 1000;
  await inference.dispose();
  return passed;
}

/** Adds which places of each history are the first mention of an item that is not the target. */
function withCounts(batch: Batch, length: number): Batch {
  const { history, target } = batch;
  const items = history?.data ?? new Int32Array();
  const counted = Float32Array.from(items, (item, at) => {
    const row = Math.floor(at / length);
    const first = items.indexOf(item, row * length) === at;
    return first && item !== target?.data[row] ? 1 : 0;
  });
  return { ...batch, counted: { shape: history?.shape ?? [], data: counted } };
}

function rankAll({ target }: Batch, scores: ArrayLike<number>, items: number): void {
  for (const [row, item] of (target?.data ?? new Int32Array()).entries()) {
    const own = scores[row * items + item] ?? 0;
    let rank = 0;
    for (let at = row * items; at < (row + 1) * items; at++) if (!((scores[at] ?? 0) < own)) rank += 1;
    if (rank === 0) throw new RangeError('A target has at least rank 1.');
  }
}
