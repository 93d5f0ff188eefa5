import type { PlanGroup } from '@noren/protocol';
import type { Backbone } from '../backbone/backbone-file.ts';
import type { RecommenderConfig } from '../config/recommender-config.ts';
import { RecommenderError } from '../errors.ts';
import { parameterGroups } from './groups.ts';
import { initialValues } from './initialise.ts';

/**
 * Every parameter's value at the start of a plan: the backbone's, or fresh ones for groups that are re-initialised.
 * The same seed gives the same values at every site.
 *
 * @throws RecommenderError `groups-invalid` when the plan's groups are not the backbone's.
 */
export function startValues(
  backbone: Backbone,
  groups: Readonly<Record<string, Pick<PlanGroup, 'start'>>>,
  seed: number,
): Map<string, Float32Array> {
  checkGroups(groups, backbone.groups);
  const values = new Map<string, Float32Array>();
  for (const { name, tensors } of parameterGroups(backbone.config)) {
    for (const parameter of tensors) {
      const pretrained = backbone.tensors.get(parameter.name);
      const keep = groups[name]?.start === 'pretrained' && pretrained !== undefined;
      values.set(parameter.name, keep ? pretrained.data.slice() : initialValues(parameter, seed));
    }
  }
  return values;
}

/** Fresh values for every parameter: the start of `scratch`. */
export function freshValues(config: RecommenderConfig, seed: number): Map<string, Float32Array> {
  const parameters = parameterGroups(config).flatMap(({ tensors }) => tensors);
  return new Map(parameters.map((parameter) => [parameter.name, initialValues(parameter, seed)]));
}

/** The backbone's own values: the start of `local`. */
export function backboneValues(backbone: Backbone): Map<string, Float32Array> {
  return startValues(backbone, Object.fromEntries(backbone.groups.map((name) => [name, { start: 'pretrained' }])), 0);
}

function checkGroups(groups: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  const missing = known.filter((name) => !(name in groups));
  const unknown = Object.keys(groups).filter((name) => !known.includes(name));
  if (missing.length === 0 && unknown.length === 0) return;
  const faults = [
    ...(missing.length > 0 ? [`it lacks ${missing.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`it names ${unknown.join(', ')}, which the backbone does not have`] : []),
  ];
  throw new RecommenderError(
    'groups-invalid',
    `The plan does not fit the backbone: ${faults.join(' and ')}. The backbone's groups are ${known.join(', ')}.`,
  );
}
