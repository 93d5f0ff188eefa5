import { defaultTraining } from '@noren/protocol';
import {
  freshValues,
  openRelearner,
  parameterGroups,
  prepareStudy,
  presetPlan,
  releaseFile,
  startValues,
  trainLocalRound,
  type Backbone,
  type ModelValues,
  type RecommenderConfig,
} from '@noren/recommender';
import type { PresetName } from '@noren/recommender/presets';
import { federatedVector } from '@noren/tensor/safetensors';

import { architecture } from '../backbone/architecture.ts';
import { generatedSite } from './generated-site.ts';
import type { BenchRow } from './report.ts';

const presets: readonly PresetName[] = ['fine-tune', 'ant'];
/** Seconds in which a shop of the default size should have re-learned a round. */
const TARGET = 60;
const THREADS = 2;
/** Of a masked value, 32 bits. */
const BYTES_A_VALUE = 4;

export interface RelearnBenchmark {
  /** Default 5,000. */
  readonly customers?: number;
  /** Default 5,000. */
  readonly items?: number;
  /** Default: that of a backbone which headquarters pretrains without options. */
  readonly config?: RecommenderConfig;
  progress(what: string): void;
}

/**
 * One round's re-learning at one site on two cores with the usual plan: from item features and purchases to the update,
 * compilation included; without encoding, masking and evaluation. The backbone is untrained, which costs the same.
 */
export async function benchmarkRelearning(o: RelearnBenchmark): Promise<readonly BenchRow[]> {
  const { customers = 5000, items = 5000, config = architecture } = o;
  o.progress('making a site');
  const site = generatedSite(config, { customers, items, seed: 1 });
  const backbone = untrained(config);
  const rows: BenchRow[] = [];
  for (const preset of presets) {
    o.progress(preset);
    const plan = presetPlan(preset, config, defaultTraining(preset, {}));
    const { groups, training, modalities, seed } = plan;
    const values = startValues(backbone, groups, seed);
    const startedAt = performance.now();
    const relearner = openRelearner(prepareStudy({ config, ...site, seed }), { threads: THREADS });
    const learned = await trainLocalRound(relearner, {
      values,
      groups,
      training,
      modalities,
      seed,
      onProgress: ({ epoch, epochs }) => o.progress(`${preset}, epoch ${epoch} of ${epochs}`),
    });
    const update = federatedVector(releaseFile(backbone, learned.values, groups, ''));
    const seconds = (performance.now() - startedAt) / 1000;
    await relearner.close();
    const size = `${customers.toLocaleString('en')} customers, ${items.toLocaleString('en')} items`;
    const name = `${preset}, ${size}, ${training.epochs} epochs`;
    rows.push(
      { name: `${name}: time`, value: seconds, unit: 's', target: TARGET, met: seconds <= TARGET },
      { name: `${name}: sent`, value: update.length * BYTES_A_VALUE, unit: 'bytes' },
      { name: `${name}: parameters changed`, value: changed(values, learned.values), unit: 'values' },
    );
  }
  return rows;
}

function untrained(config: RecommenderConfig): Backbone {
  const groups = parameterGroups(config);
  const values = freshValues(config, 1);
  const tensors = groups.flatMap((group) => group.tensors);
  return {
    config,
    groups: groups.map(({ name }) => name),
    tensors: new Map(tensors.map(({ name, shape }) => [name, { shape, data: values.get(name) ?? new Float32Array() }])),
  };
}

function changed(before: ModelValues, after: ModelValues): number {
  let count = 0;
  for (const [name, data] of after) {
    const start = before.get(name);
    count += data.filter((value, at) => value !== start?.[at]).length;
  }
  return count;
}
