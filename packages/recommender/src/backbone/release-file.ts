import { identityGroup, type PlanGroup } from '@noren/protocol';
import type { HostTensor, TensorFile } from '@noren/tensor/safetensors';
import type { Backbone } from './backbone-file.ts';
import { RecommenderError } from '../errors.ts';
import { parameterGroups } from '../parameters/groups.ts';
import type { ModelValues } from '../parameters/values.ts';

/**
 * The tensors of a plan's federated groups, as a file the coordinator can average without knowing the model.
 * `backboneHash` is the lower-case hex SHA-256 of the backbone file the groups belong to.
 *
 * @throws RecommenderError `groups-invalid` where the items' own vectors would be shared, `values-invalid`
 */
export function releaseFile(
  backbone: Backbone,
  values: ModelValues,
  groups: Readonly<Record<string, Pick<PlanGroup, 'scope'>>>,
  backboneHash: string,
): TensorFile {
  if (groups[identityGroup]?.scope === 'federated') {
    throw new RecommenderError(
      'groups-invalid',
      `${identityGroup} belongs to one site's catalogue and tells what its customers buy. Give it the scope "local".`,
    );
  }
  const federated = parameterGroups(backbone.config).filter(({ name }) => groups[name]?.scope === 'federated');
  const tensors = new Map<string, HostTensor>();
  for (const { name, shape } of federated.flatMap((group) => group.tensors)) {
    const data = values.get(name);
    if (data === undefined) {
      throw new RecommenderError('values-invalid', `No value for ${name}. Make the values with startValues.`);
    }
    tensors.set(name, { shape, data: data.slice() });
  }
  return { tensors, metadata: { noren: JSON.stringify({ kind: 'release', version: 1, backbone: backboneHash }) } };
}

/**
 * A model's values with those of a release laid over them.
 * @throws RecommenderError `values-invalid` when the release holds a tensor the values do not, or of another size.
 */
export function withRelease(values: ModelValues, release: TensorFile): Map<string, Float32Array> {
  const merged = new Map([...values].map(([name, data]) => [name, data.slice()]));
  for (const [name, { data }] of release.tensors) {
    if (merged.get(name)?.length !== data.length || !data.every(Number.isFinite)) {
      throw new RecommenderError(
        'values-invalid',
        `The release's tensor ${name} does not fit the backbone. Use a release made for this backbone.`,
      );
    }
    merged.set(name, data.slice());
  }
  return merged;
}
