import type { ModalityName } from '../config/recommender-config.ts';
import { RecommenderError } from '../errors.ts';
import { parameterGroups } from '../parameters/groups.ts';
import { checkValues, type ModelValues } from '../parameters/values.ts';
import { customerScores, type CustomerScores } from '../scoring/customer-scores.ts';
import { rankOfTarget } from '../scoring/ranks.ts';
import { withPrior } from '../scoring/site-prior.ts';
import { compileScorer, type Scorer } from '../scoring/scorer.ts';
import { evaluationCustomers, heldOut, type EvaluationSet, type Study } from '../study/study.ts';
import { runEpochs } from './epochs.ts';
import type { Relearned, RelearnOptions } from './relearn-options.ts';
import { compileTrainer, type RuntimeOptions, type Trainer, type TrainerSetup } from './trainer.ts';

export interface ScoreOptions {
  readonly values: ModelValues;
  readonly modalities: readonly ModalityName[];
  readonly on: EvaluationSet;
  /** Overrides the config's; 0 scores the network alone. */
  readonly priorWeight?: number;
  readonly signal?: AbortSignal;
}

/**
 * Trains and evaluates on one study and keeps what it compiled for the next call. One call at a time; blocks its thread
 * while it computes, so it belongs into a worker.
 */
export interface Relearner {
  readonly study: Study;
  relearn(o: RelearnOptions): Promise<Relearned>;
  score(o: ScoreOptions): Promise<CustomerScores>;
  /** Frees the compiled graphs; any later call fails. */
  close(): Promise<void>;
}

/** Enough for most shops; beyond it a sampled softmax costs less and learns as well. */
const DEFAULT_CANDIDATES = 4096;
const SCORED_ROWS = 64;

export function openRelearner(study: Study, o: RuntimeOptions = {}): Relearner {
  return new CompiledRelearner(study, o);
}

class CompiledRelearner implements Relearner {
  readonly study: Study;
  readonly #runtime: RuntimeOptions;
  readonly #trainers = new Map<string, Promise<Trainer>>();
  readonly #scorers = new Map<string, Promise<Scorer>>();
  #closed = false;

  constructor(study: Study, runtime: RuntimeOptions) {
    this.study = study;
    this.#runtime = runtime;
  }

  async relearn(o: RelearnOptions): Promise<Relearned> {
    this.#checkCall(o.modalities, o.values);
    const groups = parameterGroups(this.study.config).map(({ name }) => name);
    const trainer = await this.#trainer({
      stage: o.modalities,
      trainableGroups: groups.filter((name) => o.trainable(name)),
      batchSize: o.batchSize,
      candidates: o.candidates ?? DEFAULT_CANDIDATES,
      alignment: o.alignment ?? false,
      weightDecay: o.weightDecay ?? 0,
      proximal: (o.proximal?.weight ?? 0) > 0,
    });
    return runEpochs(this.study, trainer, o, (values) =>
      this.score({
        values,
        modalities: o.modalities,
        on: 'early-stopping',
        ...(o.signal === undefined ? {} : { signal: o.signal }),
      }),
    );
  }

  async score({ values, modalities, on, priorWeight, signal }: ScoreOptions): Promise<CustomerScores> {
    this.#checkCall(modalities, values);
    const scorer = await this.#scorer(modalities);
    scorer.load(values);
    const customers = evaluationCustomers(this.study, on);
    const ranks = new Int32Array(customers.length);
    const weight = priorWeight ?? this.study.config.priorWeight;
    for (let start = 0; start < customers.length; start += scorer.rows) {
      signal?.throwIfAborted();
      const cases = Array.from(customers.subarray(start, start + scorer.rows), (customer) =>
        heldOut(this.study, customer, on),
      );
      const scores = await scorer.score(cases.map(({ history }) => history));
      cases.forEach(({ history, target }, row) => {
        const mixed = withPrior(scores[row] as Float32Array, history, this.study.prior, weight);
        ranks[start + row] = rankOfTarget(mixed, history, target);
      });
    }
    return customerScores(customers, ranks);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const compiled = await Promise.all([...this.#trainers.values(), ...this.#scorers.values()]);
    this.#trainers.clear();
    this.#scorers.clear();
    await Promise.all(compiled.map((one) => ('training' in one ? one.training.dispose() : one.dispose())));
  }

  #trainer(setup: TrainerSetup): Promise<Trainer> {
    return keep(this.#trainers, JSON.stringify(setup), () => compileTrainer(this.study, setup, this.#runtime));
  }

  #scorer(stage: readonly ModalityName[]): Promise<Scorer> {
    const { config, features, split } = this.study;
    return keep(this.#scorers, JSON.stringify(stage), () => {
      const longest = split.evaluationCustomers.reduce(
        (length, customer) => Math.max(length, heldOut(this.study, customer, 'test').history.length),
        1,
      );
      const rows = Math.max(1, Math.min(SCORED_ROWS, split.evaluationCustomers.length));
      return compileScorer({ config, features, stage, rows, length: longest, ...this.#runtime });
    });
  }

  #checkCall(stage: readonly ModalityName[], values: ModelValues): void {
    if (this.#closed) throw new RecommenderError('closed', 'This relearner is closed. Open another for the study.');
    if (stage.length === 0) {
      throw new RecommenderError('study-invalid', 'No modality is given. Name at least one of text, image and price.');
    }
    checkValues(this.study.config, values);
  }
}

/** A failed compilation is not kept. */
function keep<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  made.catch(() => cache.delete(key));
  return made;
}
