import {
  backboneValues,
  freshValues,
  mean,
  mergeAdapters,
  presetGroups,
  startValues,
  withAdapters,
  type Backbone,
  type ModalityName,
  type RecommenderConfig,
  type Relearner,
} from '@noren/recommender';
import { presets, type PresetName } from '@noren/recommender/presets';
import { randomBytes } from './random-bytes.ts';
import { federate } from './federate.ts';
import type { Recipe } from './recipe.ts';

type Values = Map<string, Float32Array>;

/** What every way to adapt starts from. */
export interface Setting {
  readonly recipe: Recipe;
  readonly config: RecommenderConfig;
  /** Null without headquarters: then there is only `scratch`. */
  readonly backbone: Backbone | null;
  readonly modalities: readonly ModalityName[];
  readonly seed: number;
  readonly onProgress?: ((what: string) => void) | undefined;
}

/** The values each site would use, and what they cost. */
export interface Adapted {
  readonly values: readonly Values[];
  /** Parameters that were trained at a site. */
  readonly trained: number;
  /** Bytes a site sent in all rounds together, 4 a masked element; 0 without a federation. */
  readonly bytesSent: number;
}

/** Largest L2 norm of an update; the demonstration's. */
const CLIP_NORM = 50;
const BYTES_AN_ELEMENT = 4;

export async function scratch(sites: readonly Relearner[], setting: Setting): Promise<Adapted> {
  const { recipe, config, seed } = setting;
  const values: Values[] = [];
  for (const site of sites) {
    const start = freshValues(config, seed);
    values.push(await train(site, setting, { values: start, trainable: () => true, ...recipe.scratch }));
  }
  return { values, trained: sizeOf(values[0], () => true), bytesSent: 0 };
}

export function backboneAsIs(sites: readonly Relearner[], setting: Setting): Adapted {
  return { values: sites.map(() => backboneValues(backboneOf(setting))), trained: 0, bytesSent: 0 };
}

/** A preset's groups re-learned by every site alone. */
export async function alone(sites: readonly Relearner[], preset: PresetName, setting: Setting): Promise<Adapted> {
  const { recipe } = setting;
  const { groups, start, trainable, siteFor, plain } = modelOf(preset, setting);
  // What is re-initialised is learned at the pace of a training from scratch.
  const { learningRate } = Object.values(groups).some(({ start }) => start === 'reinit')
    ? recipe.scratch
    : recipe.local;
  const values: Values[] = [];
  for (const site of sites) {
    const how = { values: start, trainable, epochs: recipe.local.epochs, learningRate };
    values.push(plain(await train(siteFor(site), setting, how)));
  }
  return { values, trained: sizeOf(start, trainable), bytesSent: 0 };
}

/** A preset's groups re-learned by all sites together; the best round on their validation items is kept. */
export async function together(sites: readonly Relearner[], preset: PresetName, setting: Setting): Promise<Adapted> {
  const { recipe, modalities, seed } = setting;
  const { groups, start, trainable, siteFor, plain } = modelOf(preset, setting);
  const { rounds, epochs, learningRate } = recipe.federated;
  const result = await federate(sites.map(siteFor), {
    start,
    scopeOf: (group) => groups[group]?.scope ?? 'frozen',
    rounds,
    clipNorm: CLIP_NORM,
    relearn: (site, values, round) =>
      site.relearn({
        values,
        trainable,
        modalities,
        epochs,
        batchSize: recipe.batchSize,
        learningRate,
        weightDecay: recipe.weightDecay,
        candidates: recipe.candidates,
        rivals: recipe.rivals,
        augmentation: recipe.augmentation,
        seed: seed * 1000 + round,
      }),
    quality: async (site, values) => (await site.score({ values, modalities, on: recipe.chosenOn })).ndcg,
    random: randomBytes(seed),
    onRound: (round, reached) => setting.onProgress?.(`round ${round} of ${rounds}, ${reached.toFixed(4)}`),
  });
  const bytesSent = rounds * result.vectorLength * BYTES_AN_ELEMENT;
  return { values: result.values.map(plain), trained: sizeOf(start, trainable), bytesSent };
}

/** What a preset trains: the backbone, under adapters where the preset adds them. Of use afterwards is the plain model. */
function modelOf(
  preset: PresetName,
  setting: Setting,
): {
  readonly groups: ReturnType<typeof presetGroups>;
  readonly start: Values;
  readonly trainable: (group: string) => boolean;
  readonly siteFor: (site: Relearner) => Relearner;
  readonly plain: (values: Values) => Values;
} {
  // Run plainly it would be shown under a name that is not its own.
  if ('training' in presets[preset]) {
    throw new TypeError(
      `an experiment trains plainly; ${preset} has a training of its own and cannot be compared here`,
    );
  }
  const adapters = presets[preset].adapters ?? null;
  const backbone = withAdapters(backboneOf(setting), adapters);
  const groups = presetGroups(preset, backbone.config);
  return {
    groups,
    start: startValues(backbone, groups, setting.seed),
    trainable: (group) => groups[group]?.scope !== 'frozen',
    siteFor: (site) => site.withAdapters(adapters),
    plain: (values) => mergeAdapters(backbone.config, values),
  };
}

/** Epochs of personalisation that are tried. */
const PERSONALISATION = [1, 2, 4, 8];

/**
 * Every site goes on alone from where the federation came to. For how many epochs is chosen for all sites together, on
 * everybody's validation items: the few of one small site say little.
 */
export async function personalised(sites: readonly Relearner[], from: Adapted, setting: Setting): Promise<Adapted> {
  const { recipe, modalities, seed } = setting;
  const quality = async (values: readonly Values[]): Promise<number> => {
    const scores: number[] = [];
    for (const [at, site] of sites.entries()) {
      const { ndcg } = await site.score({ values: values[at] as Values, modalities, on: recipe.chosenOn });
      scores.push(...ndcg);
    }
    return mean(Float64Array.from(scores));
  };
  let best = { values: from.values, quality: await quality(from.values) };
  for (const epochs of PERSONALISATION) {
    const values: Values[] = [];
    for (const [at, site] of sites.entries()) {
      const relearned = await site.relearn({
        values: from.values[at] as Values,
        trainable: () => true,
        modalities,
        epochs,
        batchSize: recipe.batchSize,
        learningRate: recipe.local.learningRate,
        weightDecay: recipe.weightDecay,
        candidates: recipe.candidates,
        rivals: recipe.rivals,
        augmentation: recipe.augmentation,
        seed,
      });
      values.push(relearned.values);
    }
    const reached = await quality(values);
    setting.onProgress?.(`${epochs} epochs of personalisation, ${reached.toFixed(4)}`);
    if (reached > best.quality) best = { values, quality: reached };
  }
  return { ...from, values: best.values, trained: sizeOf(best.values[0], () => true) };
}

/** The upper bound that privacy forbids: all sites' purchases in one place. */
export async function centralised(pooled: Relearner, sites: readonly Relearner[], setting: Setting): Promise<Adapted> {
  const start = backboneValues(backboneOf(setting));
  const values = await train(pooled, setting, { values: start, trainable: () => true, ...setting.recipe.local });
  return { values: sites.map(() => values), trained: sizeOf(values, () => true), bytesSent: 0 };
}

function backboneOf({ backbone }: Setting): Backbone {
  if (backbone === null) throw new TypeError('an experiment without headquarters has nothing to adapt');
  return backbone;
}

async function train(
  site: Relearner,
  { recipe, modalities, seed }: Setting,
  o: {
    readonly values: Values;
    readonly trainable: (group: string) => boolean;
    readonly epochs: number;
    readonly learningRate: number;
  },
): Promise<Values> {
  const { batchSize, weightDecay, candidates, rivals, augmentation, averaging, patience, chosenOn } = recipe;
  const earlyStopping = { patience, on: chosenOn };
  const common = {
    modalities,
    batchSize,
    weightDecay,
    candidates,
    rivals,
    augmentation,
    averaging,
    seed,
    earlyStopping,
  };
  return (await site.relearn({ ...common, ...o })).values;
}

function sizeOf(values: Values | undefined, counts: (group: string) => boolean): number {
  let size = 0;
  for (const [name, data] of values ?? []) if (counts(name.slice(0, name.indexOf('/')))) size += data.length;
  return size;
}
