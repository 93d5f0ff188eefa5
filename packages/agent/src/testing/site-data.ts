import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { featureDimensions, fitFeaturiser, type SiteSourceInput } from '@noren/dataset';
import {
  freshValues,
  parameterGroups,
  releaseFile,
  writeBackbone,
  type Backbone,
  type RecommenderConfig,
} from '@noren/recommender';
import { writeSafetensors, type HostTensor } from '@noren/tensor/safetensors';
import type { RoundPlan } from '@noren/protocol';

/** Words that must never leave a site: they are in every customer id, item id and item text of `writeSiteData`. */
export const MARKERS = ['geheimkunde', 'geheimartikel', 'geheimtext'] as const;

const KINDS = ['rice', 'tea', 'fish', 'soap'];
const ITEMS = 24;

/** A small shop whose customers go round four kinds of goods, as two CSV files. */
export function writeSiteData(folder: string, o: { seed: number; customers?: number }): SiteSourceInput {
  const items = Array.from({ length: ITEMS }, (_, item) => {
    const kind = KINDS[item % KINDS.length] ?? '';
    return `geheimartikel-${item},geheimtext ${kind} ${kind} no ${item},${100 + item * 10}`;
  });
  writeFileSync(join(folder, 'catalogue.csv'), `item,title,price\n${items.join('\n')}\n`);
  const draw = sequence(o.seed);
  const rows: string[] = [];
  for (let customer = 0; customer < (o.customers ?? 48); customer += 1) {
    const start = draw(KINDS.length);
    for (let step = 0; step < 5 + draw(4); step += 1) {
      const item = ((start + step) % KINDS.length) + KINDS.length * draw(ITEMS / KINDS.length);
      const day = String(1 + step).padStart(2, '0');
      rows.push(`geheimkunde-${o.seed}-${customer},geheimartikel-${item},2026-01-${day}T10:00:00Z`);
    }
  }
  writeFileSync(join(folder, 'sales.csv'), `customer,item,time\n${rows.join('\n')}\n`);
  return {
    catalogue: { file: 'catalogue.csv', columns: { item: 'item', text: ['title'], price: 'price' } },
    interactions: { file: 'sales.csv', columns: { customer: 'customer', item: 'item', time: 'time' } },
  };
}

export interface TinyBackbone {
  readonly file: Uint8Array;
  readonly backbone: Backbone;
  readonly groups: RoundPlan['groups'];
  /** The release that rounds start from, for a backbone file of this hash. */
  release(backboneHash: string): Uint8Array;
  readonly vectorLength: number;
}

/** An untrained backbone of a few hundred weights: item side and norms federated, positions local, the block frozen. */
export async function tinyBackbone(): Promise<TinyBackbone> {
  const texts = KINDS.flatMap((kind, at) => [kind, `${kind} ${KINDS[at - 1] ?? 'salt'}`]);
  const catalogue = texts.map((text, at) => ({ id: `hq-${at}`, text, imagePath: null, price: 100 + at * 30 }));
  const featuriser = await fitFeaturiser(catalogue, { textDimension: 4, imageDimension: 2 });
  const config: RecommenderConfig = {
    dimension: 8,
    layers: 1,
    heads: 1,
    feedForward: 8,
    maximumLength: 8,
    dropout: 0,
    temperature: 0.1,
    fusion: 'sum+hadamard',
    fusionWeight: 0.1,
    experts: { text: 1, image: 1, price: 1 },
    features: featureDimensions(featuriser),
    scales: { text: 1, image: 1, price: 1 },
    // The network alone, so that tests of it are not tests of the site's counts.
    priorWeight: 0,
    identity: 0,
    adapterRank: 0,
  };
  const values = freshValues(config, 3);
  const tensors = new Map<string, HostTensor>(featuriser.tensors);
  for (const { name, shape } of parameterGroups(config).flatMap((group) => group.tensors)) {
    tensors.set(name, { shape, data: values.get(name) ?? new Float32Array() });
  }
  const names = parameterGroups(config).map((group) => group.name);
  const backbone = { config, tensors, groups: names };
  const scope = (name: string): 'federated' | 'local' | 'frozen' =>
    name.startsWith('item.') ? 'federated' : name === 'sequence.position' ? 'local' : 'frozen';
  const groups = Object.fromEntries(names.map((name) => [name, { start: 'pretrained', scope: scope(name) } as const]));
  const release = (hash: string): Uint8Array => writeSafetensors(releaseFile(backbone, values, groups, hash));
  const federated = parameterGroups(config).filter(({ name }) => scope(name) === 'federated');
  const vectorLength = federated
    .flatMap((group) => group.tensors)
    .reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
  return { file: writeBackbone(backbone), backbone, groups, release, vectorLength };
}

/** Small whole numbers, the same for the same seed (linear congruential; nothing here is secret). */
function sequence(seed: number): (below: number) => number {
  let state = seed * 7919 + 1;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}
