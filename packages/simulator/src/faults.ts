import type {
  DataJob,
  Evaluation,
  EvaluationJob,
  NoiseJob,
  RecommendationJob,
  Recommendations,
  Relearned,
  RoundJob,
  SiteSummary,
  Surveyed,
  TaskWatch,
  Trainer,
} from '@noren/agent';
import { seededShare } from './seeded-random.ts';

/** Probabilities, for every site in every round. */
export interface Faults {
  /** The site exchanges keys and then falls silent: the deadline finds out. */
  readonly dropAfterKeys?: number;
  /** Re-learning fails: the site says so and leaves the round. */
  readonly failRelearning?: number;
  /** The update arrives; evaluating the candidate fails. */
  readonly failEvaluation?: number;
}

/** A trainer with seeded faults. The same seed gives the same faults, whatever the timing. */
export class FaultyTrainer implements Trainer {
  readonly #inner: Trainer;
  readonly #faults: Faults;
  readonly #seed: number;
  readonly #site: string;

  constructor(inner: Trainer, faults: Faults, seed: number, site: string) {
    this.#inner = inner;
    this.#faults = faults;
    this.#seed = seed;
    this.#site = site;
  }

  inspect(job: DataJob, watch?: TaskWatch): Promise<SiteSummary> {
    return this.#inner.inspect(job, watch);
  }

  prepare(job: RoundJob, watch?: TaskWatch): Promise<void> {
    return this.#inner.prepare(job, watch);
  }

  async relearn(job: RoundJob, watch?: TaskWatch): Promise<Relearned> {
    if (this.#happens('dropAfterKeys', job)) await silence(watch?.signal);
    if (this.#happens('failRelearning', job)) throw new Error('a simulated fault in re-learning');
    return this.#inner.relearn(job, watch);
  }

  drawNoise(job: NoiseJob, watch?: TaskWatch): Promise<Int32Array> {
    return this.#inner.drawNoise(job, watch);
  }

  async survey(job: RoundJob, watch?: TaskWatch): Promise<Surveyed> {
    if (this.#happens('dropAfterKeys', job)) await silence(watch?.signal);
    return this.#inner.survey(job, watch);
  }

  trainReferences(job: RoundJob, watch?: TaskWatch): Promise<void> {
    return this.#inner.trainReferences(job, watch);
  }

  async evaluate(job: EvaluationJob, watch?: TaskWatch): Promise<Evaluation> {
    if (this.#happens('failEvaluation', job)) throw new Error('a simulated fault in the evaluation');
    return this.#inner.evaluate(job, watch);
  }

  recommend(job: RecommendationJob, watch?: TaskWatch): Promise<Recommendations> {
    return this.#inner.recommend(job, watch);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #happens(fault: keyof Faults, { plan }: RoundJob): boolean {
    return seededShare(this.#seed, fault, this.#site, plan.round) < (this.#faults[fault] ?? 0);
  }
}

function silence(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(new DOMException('the simulated silence is over', 'AbortError'));
    if (signal?.aborted === true) return end();
    signal?.addEventListener('abort', end, { once: true });
  });
}
