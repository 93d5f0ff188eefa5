import type { ItemFeatures } from '@noren/dataset';
import type { ModalityName, RecommenderConfig } from '../config/recommender-config.ts';
import { RecommenderError } from '../errors.ts';
import { checkValues, type ModelValues } from '../parameters/values.ts';
import { withPrior, type SitePrior } from '../scoring/site-prior.ts';
import type { Scores } from '../scoring/ranker.ts';
import { compileScorer, type Scorer } from '../scoring/scorer.ts';
import { topItems } from '../scoring/top-items.ts';
import type { RuntimeOptions } from '../training/trainer.ts';

export interface Recommendation {
  /** Place in the catalogue. */
  readonly item: number;
  /** Higher is better; comparable within one answer only. */
  readonly score: number;
}

/** One model in service. Requests may overlap; they are answered one after the other. */
export interface Recommender {
  /** The `count` items that fit best what comes after a history (catalogue places, oldest first), none of them in it. */
  recommend(history: Int32Array, count: number): Promise<readonly Recommendation[]>;
  close(): Promise<void>;
}

/** The whole catalogue is encoded once; a request costs one pass of the Transformer and one product. */
export async function openRecommender(
  o: {
    readonly config: RecommenderConfig;
    readonly features: ItemFeatures;
    readonly values: ModelValues;
    readonly modalities: readonly ModalityName[];
    /** The site's own counts, weighed as the config says; left out, the network answers alone. */
    readonly prior?: SitePrior;
    /** By item: 1 where it was bought when the model was trained (see featureTables). */
    readonly bought?: Uint8Array;
  } & RuntimeOptions,
): Promise<Recommender> {
  const { values, modalities: stage, prior, ...rest } = o;
  checkValues(o.config, values);
  const scorer = await compileScorer({ ...rest, stage, rows: 1, length: o.config.maximumLength });
  scorer.load(values);
  const mix = (scores: Float32Array, history: Int32Array): Scores =>
    prior === undefined ? scores : withPrior(scores, history, { prior, weight: o.config.priorWeight });
  return new ServedRecommender(scorer, o.features.items, mix);
}

type Mix = (scores: Float32Array, history: Int32Array) => Scores;

class ServedRecommender implements Recommender {
  readonly #scorer: Scorer;
  readonly #items: number;
  readonly #mix: Mix;
  /** Ends when the requests before have ended: the compiled graph serves one at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(scorer: Scorer, items: number, mix: Mix) {
    this.#scorer = scorer;
    this.#items = items;
    this.#mix = mix;
  }

  recommend(history: Int32Array, count: number): Promise<readonly Recommendation[]> {
    if (this.#closed) return Promise.reject(new RecommenderError('closed', 'This recommender is closed.'));
    if (history.length === 0 || history.some((item) => item < 0 || item >= this.#items)) {
      const message = 'A history needs at least one item, and every item must be in the catalogue.';
      return Promise.reject(new RecommenderError('history-invalid', message));
    }
    const answer = this.#last.then(async () => {
      const [scores] = await this.#scorer.score([history]);
      const mixed = this.#mix(scores ?? new Float32Array(), history);
      return Array.from(topItems(mixed, new Set(history), count), (item) => ({ item, score: mixed[item] as number }));
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    await this.#scorer.dispose();
  }
}
