import { freshValues } from '../parameters/start-values.ts';
import type { Ranker } from '../scoring/ranker.ts';
import type { Study } from '../study/study.ts';
import { openRelearner } from '../training/relearner.ts';
import type { Relearned, RelearnOptions } from '../training/relearn-options.ts';
import type { RuntimeOptions } from '../training/trainer.ts';

export type IdentityModelOptions = Omit<RelearnOptions, 'values' | 'trainable' | 'modalities'> & RuntimeOptions;

export interface IdentityModel {
  readonly ranker: Ranker;
  readonly learned: Relearned;
  /** Frees what was compiled; the ranker fails afterwards. */
  close(): Promise<void>;
}

/**
 * The study's Transformer over nothing but the items' own vectors, the architecture of SASRec (Kang and McAuley 2018),
 * trained from scratch by the loop that trains the recommender: full softmax of cosine / temperature where SASRec has one
 * sampled negative. What the recommender gains over it, it gains by what describes the items.
 */
export async function trainIdentityModel(study: Study, o: IdentityModelOptions): Promise<IdentityModel> {
  const { runtime, threads, ...training } = o;
  // Its own counts are a baseline of their own.
  const config = { ...study.config, identity: study.features.items, priorWeight: 0 };
  const relearner = openRelearner(
    { ...study, config },
    { ...(runtime === undefined ? {} : { runtime }), ...(threads === undefined ? {} : { threads }) },
  );
  try {
    const learned = await relearner.relearn({
      ...training,
      values: freshValues(config, o.seed),
      trainable: () => true,
      modalities: [],
    });
    const ranker = relearner.ranker({ name: 'SASRec, item IDs', values: learned.values, modalities: [] });
    return { ranker, learned, close: () => relearner.close() };
  } catch (error) {
    await relearner.close();
    throw error;
  }
}
