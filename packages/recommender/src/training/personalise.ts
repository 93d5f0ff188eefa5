import type { PlanGroup, PlanPersonalisation, PlanTraining } from '@noren/protocol';
import { groupOf } from '../parameters/groups.ts';
import { interpolate } from '../parameters/interpolate.ts';
import type { ModelValues } from '../parameters/values.ts';
import { mean } from '../scoring/metrics.ts';
import { evaluationCustomers } from '../study/study.ts';
import type { RelearnOptions } from './relearn-options.ts';
import type { Relearner } from './relearner.ts';

/** What Ditto and APFL keep at a site from round to round. */
export interface PersonalModel {
  readonly values: ModelValues;
  /** Share of `values` in what the site serves, the rest is the shared model: 1 for Ditto, alpha for APFL. */
  readonly share: number;
}

export interface Personalised {
  /** The model as it would serve here. */
  readonly values: Map<string, Float32Array>;
  /** Null where the objective keeps none. */
  readonly kept: PersonalModel | null;
}

export type PersonaliseOptions = Pick<RelearnOptions, 'modalities' | 'seed' | 'signal'> & {
  /** The whole model as the site has it with a release. */
  readonly shared: ModelValues;
  /** From the round before; null begins from `shared`. */
  readonly kept: PersonalModel | null;
  readonly groups: Readonly<Record<string, Pick<PlanGroup, 'scope'>>>;
  readonly training: PlanTraining;
  readonly personalisation: PlanPersonalisation | null;
};

/** Where APFL begins. */
const FIRST_ALPHA = 0.5;
/** Below this the mixture would hardly teach the own model anything: recovering it divides by alpha. */
const LEAST_TAUGHT_ALPHA = 0.25;
const ALPHAS = [0, 0.25, 0.5, 0.75, 1];

/**
 * Fits an aggregated model to one site. Plainly: further epochs, as many as help the early-stopping customers. With Ditto and
 * APFL: the next stretch of the site's own model, pulled towards or mixed with the shared one.
 */
export async function personalise(relearner: Relearner, o: PersonaliseOptions): Promise<Personalised> {
  const { personalisation, training, groups } = o;
  if (personalisation === null) return { values: copy(o.shared), kept: null };
  const { objective } = training;
  const trainable = (group: string): boolean =>
    personalisation.groups === 'all' || (groups[group]?.scope ?? 'frozen') !== 'frozen';
  const train = async (
    change: Pick<RelearnOptions, 'values'> & Partial<RelearnOptions>,
  ): Promise<Map<string, Float32Array>> => {
    const { values } = await relearner.relearn({
      trainable,
      modalities: o.modalities,
      epochs: personalisation.epochs,
      batchSize: training.batchSize,
      learningRate: personalisation.learningRate,
      weightDecay: training.weightDecay,
      augmentation: training.augmentation,
      seed: o.seed,
      ...(o.signal === undefined ? {} : { signal: o.signal }),
      ...change,
    });
    return values;
  };
  // Where an earlier own model has something to say: what is not trained is as the release has it.
  const own = new Map([...o.shared].map(([name, data]) => [name, ownPart(o.kept, name, trainable) ?? data]));

  switch (objective.kind) {
    case 'plain':
    case 'fedprox': {
      // As many epochs as help: a site on which personalisation does harm keeps the release as it came.
      const values = await train({ values: o.shared, earlyStopping: { patience: personalisation.epochs } });
      return { values, kept: null };
    }
    case 'ditto': {
      // Every epoch counts: lambda, not early stopping, keeps v near w, and v goes on from here in the next round.
      const values = await train({ values: own, proximal: { weight: objective.lambda, towards: o.shared } });
      return { values, kept: { values, share: 1 } };
    }
    case 'apfl':
      return mix(relearner, { ...o, own, alpha: objective.alpha, train });
  }
}

/**
 * APFL (Deng et al. 2020): v learns through the mixture m = alpha v + (1 - alpha) w, whose gradient moves m by alpha times
 * what it moves v; so m is trained and v = w + (m - w) / alpha. The paper learns alpha by gradient; here it is chosen from
 * five shares by the early-stopping customers, who see ranks, not the loss.
 */
async function mix(
  relearner: Relearner,
  o: PersonaliseOptions & {
    readonly own: ModelValues;
    readonly alpha: number | 'chosen';
    train(change: Pick<RelearnOptions, 'values'>): Promise<Map<string, Float32Array>>;
  },
): Promise<Personalised> {
  const { shared, own } = o;
  if (o.alpha === 0) return { values: copy(shared), kept: { values: own, share: 0 } };
  const before = o.alpha === 'chosen' ? (o.kept?.share ?? FIRST_ALPHA) : o.alpha;
  const taught = Math.max(LEAST_TAUGHT_ALPHA, before);
  const mixed = await o.train({ values: interpolate(shared, own, taught) });
  const values = interpolate(shared, mixed, 1 / taught);
  const served = (share: number): Map<string, Float32Array> =>
    share === taught ? mixed : interpolate(shared, values, share);
  const judged = o.alpha === 'chosen' && evaluationCustomers(relearner.study, 'early-stopping').length > 0;
  if (!judged) return { values: served(before), kept: { values, share: before } };
  const qualities: number[] = [];
  for (const share of ALPHAS) {
    const scores = await relearner.score({
      values: served(share),
      modalities: o.modalities,
      on: 'early-stopping',
      ...(o.signal === undefined ? {} : { signal: o.signal }),
    });
    qualities.push(mean(scores.ndcg));
  }
  // The first of equals: the least of the own model.
  const share = ALPHAS[qualities.indexOf(Math.max(...qualities))] ?? before;
  return { values: served(share), kept: { values, share } };
}

function ownPart(
  kept: PersonalModel | null,
  name: string,
  trainable: (group: string) => boolean,
): Float32Array | undefined {
  return trainable(groupOf(name)) ? kept?.values.get(name) : undefined;
}

function copy(values: ModelValues): Map<string, Float32Array> {
  return new Map([...values].map(([name, data]) => [name, data.slice()]));
}
