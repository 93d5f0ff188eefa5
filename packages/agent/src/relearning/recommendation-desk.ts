import {
  boughtItems,
  firstPurchases,
  openRecommender,
  popularity,
  sitePrior,
  type Recommender,
} from '@noren/recommender';
import type { Strategy } from '../home/state.ts';
import { readModel } from './model-file.ts';
import type { RecommendationJob, Recommendations } from './trainer.ts';
import type { Bench, Workbench } from './workbench.ts';

interface Open {
  readonly bench: Bench;
  readonly model: string;
  readonly recommender: Recommender;
  readonly strategy: Strategy;
}

/** The model in service, opened once and again when it or the data changes. */
export class RecommendationDesk {
  readonly #workbench: Workbench;
  #open: Open | null = null;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  /** Falls back to what sells most at this site before the first model, and for histories of unknown items only. */
  async recommend(job: RecommendationJob): Promise<Recommendations> {
    const { catalogue, sequences } = await this.#workbench.data(job);
    const places = new Map(catalogue.map((item, place) => [item.id, place]));
    const history = Int32Array.from(job.history.flatMap((id) => places.get(id) ?? []));
    const named = (ranked: readonly { item: number; score: number }[]): Recommendations['items'] =>
      ranked.flatMap(({ item, score }) => ({ item: catalogue[item]?.id ?? '', score }));
    if (job.serving === null || history.length === 0) {
      const counts = popularity(sequences, catalogue.length);
      const had = new Set(history);
      const ranked = Array.from(counts, (score, item) => ({ item, score }))
        .filter(({ item }) => !had.has(item))
        .toSorted((a, b) => b.score - a.score || a.item - b.item);
      return { source: 'popularity', items: named(ranked.slice(0, job.count)) };
    }
    const { recommender, strategy } = await this.#opened(job, job.serving);
    return { source: strategy, items: named(await recommender.recommend(history, job.count)) };
  }

  async close(): Promise<void> {
    await this.#open?.recommender.close();
    this.#open = null;
  }

  async #opened(job: RecommendationJob, serving: NonNullable<RecommendationJob['serving']>): Promise<Open> {
    const data = await this.#workbench.data(job);
    if (this.#open !== null && this.#open.bench.data === data && this.#open.model === serving.version)
      return this.#open;
    await this.close();
    const { description, valuesFor } = await readModel(serving.model);
    const identity = description.items !== undefined;
    const bench = await this.#workbench.bench(job, { backbone: serving.backbone, identity });
    const { study } = bench.relearner;
    const { config, features } = study;
    const recommender = await openRecommender({
      config,
      features,
      values: valuesFor(bench.data.catalogue),
      modalities: description.modalities,
      bought: boughtItems(study),
      // The gate's prior knows the training items only; in service every purchase counts.
      prior: sitePrior(firstPurchases(bench.data.sequences), features.items),
      ...this.#workbench.runtime,
    });
    this.#open = { bench, model: serving.version, recommender, strategy: description.strategy };
    return this.#open;
  }
}
