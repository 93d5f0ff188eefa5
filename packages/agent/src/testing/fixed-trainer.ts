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
} from '../relearning/trainer.ts';

/** A trainer without data: a fixed update and a fixed verdict. Each task can be replaced by a test. */
export class FixedTrainer implements Trainer {
  customers = 100;
  examples = 50;
  /** Of private rounds whose clip norm adapts. */
  unclipped: number | undefined = undefined;
  update: Float32Array;
  verdict: Pick<Evaluation, 'chosen' | 'adopted'> = { chosen: 'federated', adopted: true };
  readonly done: string[] = [];
  /** Awaited before a task ends. */
  hold: (task: string, watch: TaskWatch) => Promise<void> = () => Promise.resolve();

  constructor(update: Float32Array) {
    this.update = update;
  }

  async inspect(_job: DataJob, watch: TaskWatch = {}): Promise<SiteSummary> {
    return this.#do('inspect', watch, { customers: this.customers, items: 10, interactions: 1000 });
  }

  async prepare(_job: RoundJob, watch: TaskWatch = {}): Promise<void> {
    return this.#do('prepare', watch, undefined);
  }

  async relearn(_job: RoundJob, watch: TaskWatch = {}): Promise<Relearned> {
    const { update, examples, unclipped } = this;
    return this.#do('relearn', watch, { update, examples, unclipped });
  }

  async drawNoise({ length }: NoiseJob, watch: TaskWatch = {}): Promise<Int32Array> {
    return this.#do('drawNoise', watch, new Int32Array(length).fill(1));
  }

  async survey(job: RoundJob, watch: TaskWatch = {}): Promise<Surveyed> {
    const update = new Float32Array(job.plan.vectorLength).fill(this.update[0] ?? 0);
    return this.#do('survey', watch, { update, examples: this.examples, report: '{"site":"own"}' });
  }

  async trainReferences(_job: RoundJob, watch: TaskWatch = {}): Promise<void> {
    return this.#do('trainReferences', watch, undefined);
  }

  async evaluate(job: EvaluationJob, watch: TaskWatch = {}): Promise<Evaluation> {
    const interval = { mean: 0.2, low: 0.1, high: 0.3 };
    return this.#do('evaluate', watch, {
      customers: 40,
      tested: 'c'.repeat(64),
      ...this.verdict,
      explanation: 'Decided by a test.',
      scores: [{ strategy: 'federated', ndcg: interval, hr: interval }],
      difference: { mean: 0.01, standardError: 0.005 },
      accepted: this.verdict.adopted
        ? { strategy: 'federated', file: Buffer.from(`federated ${job.candidate}`) }
        : null,
      rejected: { strategy: 'local', file: Buffer.from('local') },
    });
  }

  async recommend(job: RecommendationJob): Promise<Recommendations> {
    return { source: job.serving?.strategy ?? 'popularity', items: [{ item: 'tea', score: 1 }].slice(0, job.count) };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #do<T>(task: string, watch: TaskWatch, result: T): Promise<T> {
    watch.onProgress?.(0.5);
    await this.hold(task, watch);
    watch.signal?.throwIfAborted();
    this.done.push(task);
    return result;
  }
}
