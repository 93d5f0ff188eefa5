import type { Backbone } from '../backbone/backbone-file.ts';
import type { RecommenderConfig } from '../config/recommender-config.ts';
import { parameterGroups } from '../parameters/groups.ts';
import { freshValues } from '../parameters/start-values.ts';
import { tinyConfig } from './tiny-study.ts';

/** An untrained backbone with one featuriser tensor. */
export function tinyBackbone(config: RecommenderConfig = tinyConfig): Backbone {
  const groups = parameterGroups(config);
  const values = freshValues(config, 7);
  return {
    config,
    groups: groups.map(({ name }) => name),
    tensors: new Map([
      ['featuriser.text/mean', { shape: [2], data: Float32Array.of(1, 2) }],
      ...groups
        .flatMap(({ tensors }) => tensors)
        .map(({ name, shape }) => [name, { shape, data: values.get(name) ?? new Float32Array() }] as const),
    ]),
  };
}
