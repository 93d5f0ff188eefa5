import type { PlanAdapters } from '@noren/protocol';
import type { ModalityName } from '../config/recommender-config.ts';
import { RecommenderError } from '../errors.ts';
import { parameterGroups } from '../parameters/groups.ts';
import { checkValues, type ModelValues } from '../parameters/values.ts';
import { customerScores, type CustomerScores } from '../scoring/customer-scores.ts';
import { forEachHeldOut } from '../scoring/held-out.ts';
import { rankOfTarget } from '../scoring/ranks.ts';
import type { Ranker } from '../scoring/ranker.ts';
import { withPrior } from '../scoring/site-prior.ts';
import { compileScorer, type Scorer } from '../scoring/scorer.ts';
import { boughtItems, evaluationCustomers, heldOut, type EvaluationSet, type Study } from '../study/study.ts';
import { runEpochs } from './epochs.ts';
import { meanGradient, type GradientOptions } from './mean-gradient.ts';
import type { Relearned, RelearnOptions } from './relearn-options.ts';
import { compileTrainer, type RuntimeOptions, type Trainer, type TrainerSetup } from './trainer.ts';

interface ScoredModel {
  readonly values: ModelValues;
  readonly modalities: readonly ModalityName[];
  /** Overrides the config's; 0 scores the network alone. */
  readonly priorWeight?: number;
}

export interface RankerOptions extends ScoredModel {
  /** What a report calls it; default `recommender`. */
  readonly name?: string;
}

export interface ScoreOptions extends ScoredModel {
  readonly on: EvaluationSet;
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
  /** These values behind the interface of every baseline, for an evaluation in full. They are not copied. */
  ranker(o: RankerOptions): Ranker;
  /** Of the mean training loss over the site's examples at `values`, without dropout, by tensor. */
  gradient(o: Omit<GradientOptions, 'candidates'>): Promise<Map<string, Float64Array>>;
  /** The same study for values of a model with a plan's adapters; this one where it has none. Closed with this one. */
  withAdapters(adapters: PlanAdapters | null): Relearner;
  /** Frees the compiled graphs; any later call fails. */
  close(): Promise<void>;
}

/** Enough for most shops; beyond it a sampled softmax costs less and learns as well. */
const DEFAULT_CANDIDATES = 4096;
const SCORED_ROWS = 64;

/** More than a round uses. */
const KEPT_TRAINERS = 8;

export function openRelearner(study: Study, o: RuntimeOptions = {}): Relearner {
  return new CompiledRelearner(study, o);
}

class CompiledRelearner implements Relearner {
  readonly study: Study;
  readonly #runtime: RuntimeOptions;
  readonly #trainers = new Map<string, Promise<Trainer>>();
  readonly #scorers = new Map<string, Promise<Scorer>>();
  /** Whose values each scorer holds. */
  readonly #loaded = new WeakMap<Scorer, Ranker>();
  readonly #adapted = new Map<number, Relearner>();
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
      rivals: o.rivals ?? 'catalogue',
      alignment: o.alignment ?? false,
      weightDecay: o.weightDecay ?? 0,
      proximal: (o.proximal?.weight ?? 0) > 0,
    });
    return runEpochs(this.study, trainer, o, (values) =>
      this.score({
        values,
        modalities: o.modalities,
        on: o.earlyStopping?.on ?? 'early-stopping',
        ...(o.signal === undefined ? {} : { signal: o.signal }),
      }),
    );
  }

  async score({ values, modalities, on, priorWeight, signal }: ScoreOptions): Promise<CustomerScores> {
    this.#checkCall(modalities, values);
    const ranks: number[] = [];
    const ranker = this.ranker({ values, modalities, ...(priorWeight === undefined ? {} : { priorWeight }) });
    const how = { ranker, on, history: 'masked', ...(signal === undefined ? {} : { signal }) } as const;
    await forEachHeldOut(this.study, how, ({ history, target, scores }) => {
      ranks.push(rankOfTarget(scores, history, target));
    });
    return customerScores(evaluationCustomers(this.study, on), Int32Array.from(ranks));
  }

  ranker({ name = 'recommender', values, modalities, priorWeight }: RankerOptions): Ranker {
    this.#checkCall(modalities, values);
    const { prior, config } = this.study;
    const weight = priorWeight ?? config.priorWeight;
    const ranker: Ranker = {
      name,
      batch: this.#scoredRows,
      scores: async (histories, rule) => {
        if (this.#closed) throw closed();
        const scorer = await this.#scorer(modalities);
        // Loading encodes the whole catalogue, so it is done once for as long as no other model comes between.
        if (this.#loaded.get(scorer) !== ranker) scorer.load(values);
        this.#loaded.set(scorer, ranker);
        const rows = await scorer.score(histories);
        return rows.map((row, at) => withPrior(row, histories[at] ?? new Int32Array(), { prior, weight, rule }));
      },
    };
    return ranker;
  }

  async gradient(o: Omit<GradientOptions, 'candidates'>): Promise<Map<string, Float64Array>> {
    this.#checkCall(o.modalities, o.values);
    return meanGradient(this.study, { ...o, candidates: DEFAULT_CANDIDATES }, this.#runtime);
  }

  withAdapters(adapters: PlanAdapters | null): Relearner {
    const rank = adapters?.rank ?? 0;
    if (rank === this.study.config.adapterRank) return this;
    if (this.#closed) throw closed();
    const known = this.#adapted.get(rank);
    if (known !== undefined) return known;
    const config = { ...this.study.config, adapterRank: rank };
    const adapted = openRelearner({ ...this.study, config }, this.#runtime);
    this.#adapted.set(rank, adapted);
    return adapted;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#adapted.values()].map((adapted) => adapted.close()));
    this.#adapted.clear();
    const compiled = await Promise.all([...this.#trainers.values(), ...this.#scorers.values()]);
    this.#trainers.clear();
    this.#scorers.clear();
    await Promise.all(compiled.map((one) => ('training' in one ? one.training.dispose() : one.dispose())));
  }

  get #scoredRows(): number {
    return Math.max(1, Math.min(SCORED_ROWS, this.study.split.evaluationCustomers.length));
  }

  /** The least recently used makes room: a survey asks for many, and each holds working memory of its own. */
  async #trainer(setup: TrainerSetup): Promise<Trainer> {
    const key = JSON.stringify(setup);
    const known = this.#trainers.get(key);
    this.#trainers.delete(key);
    if (known !== undefined) this.#trainers.set(key, known);
    for (const [oldest, trainer] of this.#trainers) {
      if (known !== undefined || this.#trainers.size < KEPT_TRAINERS) break;
      this.#trainers.delete(oldest);
      await trainer.then(({ training }) => training.dispose());
    }
    return keep(this.#trainers, key, () => compileTrainer(this.study, setup, this.#runtime));
  }

  #scorer(stage: readonly ModalityName[]): Promise<Scorer> {
    const { config, features, split } = this.study;
    return keep(this.#scorers, JSON.stringify(stage), () => {
      const longest = split.evaluationCustomers.reduce(
        (length, customer) => Math.max(length, heldOut(this.study, customer, 'test').history.length),
        1,
      );
      const rows = this.#scoredRows;
      const bought = boughtItems(this.study);
      return compileScorer({ config, features, stage, bought, rows, length: longest, ...this.#runtime });
    });
  }

  #checkCall(stage: readonly ModalityName[], values: ModelValues): void {
    if (this.#closed) throw closed();
    if (stage.length === 0 && this.study.config.identity === 0) {
      throw new RecommenderError('study-invalid', 'No modality is given. Name at least one of text, image and price.');
    }
    checkValues(this.study.config, values);
  }
}

function closed(): RecommenderError {
  return new RecommenderError('closed', 'This relearner is closed. Open another for the study.');
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
