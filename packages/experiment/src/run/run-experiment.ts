import { featureDimensions, fitFeaturiser, type Featuriser } from '@noren/dataset';
import { openRelearner, pretrain, type Backbone, type ModalityName, type Relearner } from '@noren/recommender';
import type { PresetName } from '@noren/recommender/presets';
import type { ExperimentFederation } from '../federation/experiment-federation.ts';
import { pool, type ShopData } from '../federation/regroup.ts';
import {
  alone,
  backboneAsIs,
  centralised,
  personalised,
  scratch,
  together,
  type Adapted,
  type Setting,
} from './adapt.ts';
import { baselineScores } from './baselines.ts';
import { gated } from './gated.ts';
import { measure, type Measured } from './measure.ts';
import { openSite, type ExperimentSite } from './open-site.ts';
import type { Recipe, StrategyName, Variant } from './recipe.ts';

export interface ExperimentOptions {
  readonly federation: ExperimentFederation;
  readonly recipe: Recipe;
  readonly variants: readonly Variant[];
  readonly seeds: readonly number[];
  /** Where descriptors of images are kept between runs. */
  readonly cacheFolder: string;
  readonly threads: number;
  readonly onProgress?: (what: string) => void;
}

/** One strategy with one set of modalities under one seed. */
export interface Run {
  /** A strategy, `after the gate`, or the name of a baseline. */
  readonly strategy: string;
  /** `text+image`, with `+identity` where items have vectors of their own; empty for a baseline. */
  readonly inputs: string;
  readonly seed: number;
  readonly measured: Measured;
  /** Parameters trained at a site. */
  readonly trained: number;
  /** By each site in all rounds. */
  readonly bytesSent: number;
  /** Of training, all sites together. */
  readonly seconds: number;
  /** Sites that the gate let leave their scratch model; only of `after the gate`. */
  readonly adopted?: number;
}

export interface ExperimentResult {
  readonly sites: readonly { readonly name: string; readonly customers: number; readonly items: number }[];
  readonly runs: readonly Run[];
}

/** Runs every strategy of every variant under every seed. Test items are scored once a run, after all choices. */
export async function runExperiment(o: ExperimentOptions): Promise<ExperimentResult> {
  const experiment = await OpenExperiment.open(o);
  try {
    const runs: Run[] = [...(await experiment.baselines())];
    for (const variant of o.variants) {
      for (const seed of o.seeds) runs.push(...(await experiment.run(variant, seed)));
    }
    return { sites: experiment.describe(), runs };
  } finally {
    await experiment.close();
  }
}

class OpenExperiment {
  readonly #o: ExperimentOptions;
  readonly #featuriser: Featuriser;
  readonly #headquarters: ExperimentSite | null;
  readonly #sites: readonly ExperimentSite[];
  readonly #pooled: ExperimentSite | null;
  #known: readonly Relearner[] | null = null;

  static async open(o: ExperimentOptions): Promise<OpenExperiment> {
    const { federation, cacheFolder, threads } = o;
    const encoding = { cacheFolder, ...federation.features };
    o.onProgress?.('encoding items');
    const { text: textDimension, image: imageDimension } = o.recipe.config.features;
    const fitted = federation.headquarters ?? pool(federation.sites, 2);
    const featuriser = await fitFeaturiser(fitted.catalogue, { ...encoding, textDimension, imageDimension });
    const config = { ...o.recipe.config, features: featureDimensions(featuriser) };
    const open = (name: string, shop: ShopData): Promise<ExperimentSite> =>
      openSite(name, shop, { config, featuriser, encoding, threads });
    const sites: ExperimentSite[] = [];
    for (const site of federation.sites) sites.push(await open(site.name, site));
    const { headquarters } = federation;
    const central = o.variants.some(({ strategies }) => strategies.includes('centralised'));
    return new OpenExperiment(o, {
      featuriser,
      headquarters: headquarters === null ? null : await open('headquarters', headquarters),
      sites,
      pooled: central ? await open('all sites', pool(federation.sites, 2)) : null,
    });
  }

  private constructor(
    o: ExperimentOptions,
    parts: {
      readonly featuriser: Featuriser;
      readonly headquarters: ExperimentSite | null;
      readonly sites: readonly ExperimentSite[];
      readonly pooled: ExperimentSite | null;
    },
  ) {
    this.#o = o;
    this.#featuriser = parts.featuriser;
    this.#headquarters = parts.headquarters;
    this.#sites = parts.sites;
    this.#pooled = parts.pooled;
  }

  describe(): ExperimentResult['sites'] {
    return this.#sites.map(({ name, relearner: { study } }) => ({
      name,
      customers: study.split.evaluationCustomers.length,
      items: study.features.items,
    }));
  }

  /** Under one seed: most have nothing random. */
  async baselines(): Promise<readonly Run[]> {
    const { recipe, threads, onProgress } = this.#o;
    onProgress?.('baselines');
    const scores = await baselineScores(
      this.#sites.map(({ relearner }) => relearner),
      recipe,
      threads,
    );
    return [...scores].map(([strategy, network]): Run => {
      const measured = { priorWeight: 0, network, mixed: network, validation: 0 };
      return { strategy, inputs: '', seed: 1, measured, trained: 0, bytesSent: 0, seconds: 0 };
    });
  }

  async run({ modalities, identity = false, strategies }: Variant, seed: number): Promise<readonly Run[]> {
    const { recipe, onProgress } = this.#o;
    const sites = identity ? this.#withIdentity() : this.#sites.map(({ relearner }) => relearner);
    const { config } = (sites[0] as Relearner).study;
    const inputs = [...modalities, ...(identity ? ['identity'] : [])].join('+');
    const named = `${inputs}, seed ${seed}`;
    onProgress?.(`backbone, ${named}`);
    const backbone = await this.#pretrain(modalities, seed);
    const say = (what: string): void => onProgress?.(`${what}, ${named}`);
    const setting: Setting = { recipe, config, backbone, modalities, seed, onProgress: say };
    const adapted = new Map<StrategyName, Adapted>();
    const runs: Run[] = [];
    for (const strategy of strategies) {
      onProgress?.(`${strategy}, ${named}`);
      const startedAt = performance.now();
      const one = await this.#adapt(strategy, sites, setting, adapted);
      const seconds = (performance.now() - startedAt) / 1000;
      adapted.set(strategy, one);
      const measured = await measure(sites, one.values, modalities, recipe);
      runs.push({ strategy, inputs, seed, measured, trained: one.trained, bytesSent: one.bytesSent, seconds });
    }
    const [own, local, federated] = [
      adapted.get('scratch'),
      adapted.get('local fine-tune'),
      adapted.get('federated fine-tune + personalised'),
    ];
    if (backbone !== null && own !== undefined && local !== undefined && federated !== undefined) {
      const models = { scratch: own.values, local: local.values, federated: federated.values };
      const { values, adopted } = await gated(sites, models, backbone, setting);
      const measured = await measure(sites, values, modalities, recipe);
      const strategy = 'after the gate';
      runs.push({ strategy, inputs, seed, measured, trained: 0, bytesSent: 0, seconds: 0, adopted });
    }
    return runs;
  }

  /** The sites once more, as a model sees them that knows the items of its catalogue. */
  #withIdentity(): readonly Relearner[] {
    this.#known ??= this.#sites.map(({ relearner: { study } }) =>
      openRelearner(
        { ...study, config: { ...study.config, identity: study.features.items } },
        { threads: this.#o.threads },
      ),
    );
    return this.#known;
  }

  async #adapt(
    strategy: StrategyName,
    sites: readonly Relearner[],
    setting: Setting,
    before: ReadonlyMap<StrategyName, Adapted>,
  ): Promise<Adapted> {
    if (strategy === 'scratch') return scratch(sites, setting);
    if (strategy === 'backbone') return backboneAsIs(sites, setting);
    if (strategy === 'centralised') return centralised((this.#pooled as ExperimentSite).relearner, sites, setting);
    const [how, preset = '', plus] = strategy.split(' ');
    if (how === 'local') return alone(sites, preset as PresetName, setting);
    const shared = before.get(`federated ${preset as PresetName}`);
    const federated = shared ?? (await together(sites, preset as PresetName, setting));
    return plus === undefined ? federated : personalised(sites, federated, setting);
  }

  async #pretrain(modalities: readonly ModalityName[], seed: number): Promise<Backbone | null> {
    if (this.#headquarters === null) return null;
    const { recipe } = this.#o;
    return pretrain(this.#headquarters.relearner, {
      ...recipe.pretraining,
      modalities,
      batchSize: recipe.batchSize,
      weightDecay: recipe.weightDecay,
      candidates: recipe.candidates,
      rivals: recipe.rivals,
      augmentation: recipe.augmentation,
      averaging: recipe.averaging,
      patience: recipe.patience,
      stoppedBy: 'validation',
      featuriser: this.#featuriser,
      seed,
    });
  }

  async close(): Promise<void> {
    for (const one of [...this.#sites, this.#headquarters, this.#pooled]) await one?.relearner.close();
    for (const one of this.#known ?? []) await one.close();
  }
}
