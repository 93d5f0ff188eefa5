import { freshValues, parameterGroups, writeBackbone } from '@noren/recommender';
import type { RecommenderConfig } from '@noren/recommender';

export const tinyArchitecture: RecommenderConfig = {
  dimension: 8,
  layers: 1,
  heads: 2,
  feedForward: 8,
  maximumLength: 5,
  dropout: 0,
  temperature: 0.1,
  fusion: 'sum+hadamard',
  fusionWeight: 0.1,
  experts: { text: 1, image: 1, price: 1 },
  features: { text: 4, image: 4, price: 4 },
  scales: { text: 1, image: 1, price: 1 },
  priorWeight: 0,
  identity: 0,
  adapterRank: 0,
};

/** A backbone that nobody pretrained, as small as one can be. */
export function tinyBackbone(): Uint8Array {
  const config = tinyArchitecture;
  const values = freshValues(config, 1);
  const groups = parameterGroups(config);
  const tensors = new Map(
    groups.flatMap((group) =>
      group.tensors.map(({ name, shape }) => [name, { shape, data: values.get(name) ?? new Float32Array() }] as const),
    ),
  );
  return writeBackbone({ config, tensors, groups: groups.map((group) => group.name) });
}
