import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { featurise, featuriserFrom, type RetailData } from '@noren/dataset';
import { hasIdentity } from '@noren/protocol';
import {
  openRelearner,
  prepareStudy,
  readBackbone,
  withIdentity,
  type Backbone,
  type Relearner,
  type RuntimeOptions,
} from '@noren/recommender';
import { readBytes } from '../home/read-bytes.ts';
import type { SiteData } from './site-data.ts';
import type { DataJob, RoundJob } from './trainer.ts';

/** A backbone, with vectors of single items where they are asked for, over the site's data, ready to train and score. */
export interface Bench {
  readonly data: RetailData;
  readonly backbone: Backbone;
  readonly relearner: Relearner;
  /**
   * SHA-256 (hex) over item features, sequences and, where items have vectors of their own, their ids: changes when
   * anything a model is made from changes.
   */
  readonly dataHash: string;
}

/**
 * Divides the customers between early stopping and the gate. The same in every round and for every backbone, so that
 * nobody whose item stopped a training ever sits on the gate that judges it.
 */
const DIVISION_SEED = 1;

/** Benches kept: the round's, and that of a model in service from an earlier backbone. */
const KEPT = 2;

type Report = (fraction: number) => void;

/** What model tasks keep in memory between them: features and compiled graphs. */
export class Workbench {
  readonly #siteData: SiteData;
  readonly #runtime: RuntimeOptions;
  #benches: { readonly key: string; readonly bench: Promise<Bench> }[] = [];

  constructor(siteData: SiteData, runtime: RuntimeOptions) {
    this.#siteData = siteData;
    this.#runtime = runtime;
  }

  get runtime(): RuntimeOptions {
    return this.#runtime;
  }

  data(job: DataJob): Promise<RetailData> {
    return this.#siteData.read(job);
  }

  /**
   * Data and backbone brought together, with vectors of single items where `identity` says so. `backbone` is a path whose
   * name is the file's hash.
   */
  async bench(
    job: DataJob,
    { backbone, identity }: { readonly backbone: string; readonly identity: boolean },
    onProgress: Report = () => undefined,
  ): Promise<Bench> {
    const key = `${await this.#siteData.stamp(job)} ${backbone} ${identity}`;
    const known = this.#benches.find((kept) => kept.key === key);
    if (known !== undefined) return known.bench;
    const bench = this.#build(job, { backbone, identity }, onProgress);
    const kept = { key, bench };
    this.#benches.push(kept);
    bench.catch(() => {
      this.#benches = this.#benches.filter((one) => one !== kept);
    });
    while (this.#benches.length > KEPT) {
      const oldest = this.#benches.shift();
      await oldest?.bench.then(({ relearner }) => relearner.close()).catch(() => undefined);
    }
    return bench;
  }

  /** The bench of a round: for its backbone and what its plan says about vectors of single items. */
  roundBench(job: RoundJob, onProgress?: Report): Promise<Bench> {
    return this.bench(job, { backbone: job.backbone, identity: hasIdentity(job.plan.groups) }, onProgress);
  }

  async close(): Promise<void> {
    const benches = this.#benches;
    this.#benches = [];
    await Promise.all(
      benches.map(({ bench }) => bench.then(({ relearner }) => relearner.close()).catch(() => undefined)),
    );
  }

  async #build(
    job: DataJob,
    { backbone: path, identity }: { readonly backbone: string; readonly identity: boolean },
    onProgress: Report,
  ): Promise<Bench> {
    const data = await this.data(job);
    const backbone = withIdentity(readBackbone(await readBytes(path)), identity ? data.catalogue.length : 0);
    const features = await featurise(featuriserFrom(backbone.tensors), data.catalogue, {
      sources: job.source.features,
      base: job.base,
      cacheFolder: join(job.cache, 'features'),
      threads: this.#runtime.threads,
      onProgress: (done, total) => onProgress(done / Math.max(1, total)),
    });
    const { config } = backbone;
    const study = prepareStudy({ config, features, sequences: data.sequences, seed: DIVISION_SEED });
    const relearner = openRelearner(study, this.#runtime);
    const { text, image, price } = features;
    const { customers, offsets, items } = data.sequences;
    const hash = createHash('sha256');
    for (const part of [
      text.data,
      text.present,
      image.data,
      image.present,
      price.data,
      price.present,
      offsets,
      items,
    ]) {
      hash.update(part);
    }
    hash.update(JSON.stringify(customers));
    if (identity) hash.update(JSON.stringify(data.catalogue.map(({ id }) => id)));
    return { data, backbone, relearner, dataHash: hash.digest('hex') };
  }
}
