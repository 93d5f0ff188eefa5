import { modalities, type ModalityName } from '../config/recommender-config.ts';
import { forEachHeldOut } from '../scoring/held-out.ts';
import { mean, ndcg } from '../scoring/metrics.ts';
import type { Ranker, Scores } from '../scoring/ranker.ts';
import { rankOfTarget } from '../scoring/ranks.ts';
import type { EvaluationSet, Study } from '../study/study.ts';
import type { RuntimeOptions } from '../training/trainer.ts';
import { coOccurrence, coOccurrenceScores, type CoOccurrenceOptions } from './co-occurrence.ts';
import { contentNeighbours, type ContentNeighbours, type HistoryWeights } from './content-neighbours.ts';
import { popularity } from './popularity.ts';

export interface BaselineOptions extends RuntimeOptions {
  /** Whose validation items choose the settings of each baseline, as they stop the training of a network. */
  readonly chosenOn: Exclude<EvaluationSet, 'test'>;
  readonly signal?: AbortSignal;
}

export interface Baselines {
  readonly rankers: readonly Ranker[];
  /** Frees what was compiled; the rankers fail afterwards. */
  close(): Promise<void>;
}

/** What followed counts alone, or what preceded as well; near purchases only, or many; raw, or less for popular items. */
const pairSettings: readonly Required<Omit<CoOccurrenceOptions, 'recency'>>[] = [0, 0.5, 1].flatMap((backward) =>
  [3, 6, 12].flatMap((window) =>
    [0.5, 1].flatMap((decay) => [0, 0.5].map((normalisation) => ({ backward, window, decay, normalisation }))),
  ),
);
/** The last item alone, or the whole history with more or less weight on its end. */
const contentSettings: readonly (HistoryWeights & Record<string, number>)[] = [
  { window: 1 },
  ...[0.5, 1, 2].map((recency) => ({ recency })),
];
/** So small that popularity decides only where counts are equal. */
const BACKOFF = 1e-6;

/**
 * What a network has to beat, each at its best on validation: popularity, sequential co-occurrence, and the nearest items
 * by each modality the catalogue has and by all of them. They learn from the study's training sequences only.
 */
export async function openBaselines(study: Study, o: BaselineOptions): Promise<Baselines> {
  const { chosenOn: _, signal: __, ...runtime } = o;
  const described = modalities.filter((modality) => study.features[modality].present.includes(1));
  const kinds = [...described.map((modality) => [modality]), ...(described.length > 1 ? [described] : [])];
  const rankers = [popularityBaseline(study), await best(study, coOccurrenceBaselines(study), o)];
  const opened: ContentNeighbours[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((content) => content.close()));
  };
  try {
    for (const kind of kinds) {
      const content = await contentNeighbours(study.features, kind, runtime);
      opened.push(content);
      rankers.push(await best(study, contentBaselines(content, kind), o));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { rankers, close };
}

function popularityBaseline(study: Study): Ranker {
  const counts = popularity(study.split.trainSequences, study.features.items);
  return counting({ name: 'popularity' }, () => counts);
}

/** Lazily, because each holds counts of its own. */
function* coOccurrenceBaselines({ split, features, prior }: Study): Generator<Ranker> {
  for (const settings of pairSettings) {
    const pairs = coOccurrence(split.trainSequences, features.items, settings);
    yield counting({ name: 'co-occurrence', settings }, (history) => {
      const scores = coOccurrenceScores(pairs, history);
      for (let item = 0; item < scores.length; item += 1) {
        scores[item] = (scores[item] as number) + BACKOFF * (prior.shares[item] as number);
      }
      return scores;
    });
  }
}

function contentBaselines(content: ContentNeighbours, kind: readonly ModalityName[]): readonly Ranker[] {
  return contentSettings.map((settings) => ({
    name: `nearest by ${kind.join(' + ')}`,
    settings,
    batch: content.batch,
    scores: (histories) => content.scores(histories, settings),
  }));
}

function counting(of: Pick<Ranker, 'name' | 'settings'>, scoresOf: (history: Int32Array) => Scores): Ranker {
  return { ...of, batch: 64, scores: (histories) => Promise.resolve(histories.map(scoresOf)) };
}

/** By NDCG without cut-off, as trainings are stopped; the first of equals, and so where nobody is held out. */
async function best(study: Study, candidates: Iterable<Ranker>, o: BaselineOptions): Promise<Ranker> {
  let leader: { readonly ranker: Ranker; readonly quality: number } | undefined;
  for (const ranker of candidates) {
    const ranks: number[] = [];
    await forEachHeldOut(study, { ...o, ranker, on: o.chosenOn, history: 'masked' }, ({ history, target, scores }) => {
      ranks.push(rankOfTarget(scores, history, target));
    });
    const quality = mean(ndcg(Int32Array.from(ranks)));
    if (leader === undefined || quality > leader.quality) leader = { ranker, quality };
  }
  if (leader === undefined) throw new TypeError('there is no candidate');
  return leader.ranker;
}
