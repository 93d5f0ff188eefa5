import { afterEvaluation, earlyStopping, shouldStop, type EarlyStopping } from '@noren/tensor';
import { seededRandom } from '../random/seeded-random.ts';
import { mean } from '../scoring/metrics.ts';
import type { CustomerScores } from '../scoring/customer-scores.ts';
import { augmentedWindows } from '../study/augmented-windows.ts';
import { batchTensors, epochBatches } from '../study/batches.ts';
import { evaluationCustomers, type Study } from '../study/study.ts';
import type { ModelValues } from '../parameters/values.ts';
import { MovingAverage } from './moving-average.ts';
import { nextTurn } from './next-turn.ts';
import type { Relearned, RelearnOptions } from './relearn-options.ts';
import { rivalsOf, type Trainer } from './trainer.ts';

const AS_THEY_ARE = { thinning: 0, shuffling: 0 };

/** The training loop: same study, values, options and seed give the same result. */
export async function runEpochs(
  study: Study,
  { training, shape }: Trainer,
  o: RelearnOptions,
  evaluate: (values: ModelValues) => Promise<CustomerScores>,
): Promise<Relearned> {
  const { windows, features } = study;
  const alignable = features.image.present.map((image, item) => image & (features.text.present[item] ?? 0));
  const random = seededRandom(o.seed, 'batches');
  const draws = { rivals: rivalsOf(study, o.rivals ?? 'catalogue'), alignable, random };
  const rate = { learningRate: o.learningRate, proximal: o.proximal?.weight ?? 0 };
  const losses: number[] = [];
  // With nobody held out there is nothing to stop by: the last epoch stays.
  const judged =
    o.earlyStopping !== undefined && evaluationCustomers(study, o.earlyStopping.on ?? 'early-stopping').length > 0;
  const best = judged ? await BestEpoch.start(o.values, o.earlyStopping.patience, evaluate) : undefined;
  const average = new MovingAverage(o.averaging ?? 0);
  let values = new Map(o.values);
  training.load(o.values, o.proximal?.towards);
  for (let epoch = 1; epoch <= o.epochs; epoch += 1) {
    let sum = 0;
    let steps = 0;
    const varied = augmentedWindows(windows, o.augmentation ?? AS_THEY_ARE, random);
    for (const batch of epochBatches(varied, shape, features.items, draws)) {
      o.signal?.throwIfAborted();
      sum += await training.step(batchTensors(batch, shape), rate);
      steps += 1;
      await nextTurn();
    }
    losses.push(sum / steps);
    values = average.add(training.values());
    const validation = await best?.offer(values);
    o.onProgress?.({ epoch, epochs: o.epochs, loss: sum / steps, ...(validation === undefined ? {} : { validation }) });
    if (best?.stop) break;
  }
  return {
    values: best?.values ?? values,
    examples: windows.examples,
    losses,
    keptEpoch: best?.epoch ?? losses.length,
  };
}

class BestEpoch {
  values: Map<string, Float32Array>;
  #state: EarlyStopping;
  readonly #evaluate: (values: ModelValues) => Promise<CustomerScores>;

  static async start(
    values: ModelValues,
    patience: number,
    evaluate: (v: ModelValues) => Promise<CustomerScores>,
  ): Promise<BestEpoch> {
    return new BestEpoch(values, earlyStopping(patience, mean((await evaluate(values)).ndcg)), evaluate);
  }

  private constructor(
    values: ModelValues,
    state: EarlyStopping,
    evaluate: (v: ModelValues) => Promise<CustomerScores>,
  ) {
    this.values = new Map([...values].map(([name, data]) => [name, data.slice()]));
    this.#state = state;
    this.#evaluate = evaluate;
  }

  get epoch(): number {
    return this.#state.bestAt;
  }

  get stop(): boolean {
    return shouldStop(this.#state);
  }

  /** The mean NDCG of these values, which are kept if they are the best so far. */
  async offer(values: Map<string, Float32Array>): Promise<number> {
    const score = mean((await this.#evaluate(values)).ndcg);
    this.#state = afterEvaluation(this.#state, score);
    if (this.#state.bestAt === this.#state.evaluations) this.values = values;
    return score;
  }
}
