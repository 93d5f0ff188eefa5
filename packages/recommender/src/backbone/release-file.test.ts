import { federatedVector, withFederatedVector } from '@noren/tensor/safetensors';
import { expect, test } from 'vitest';
import { groupOf } from '../parameters/groups.ts';
import { startValues } from '../parameters/start-values.ts';
import { tinyBackbone } from '../testing/tiny-backbone.ts';
import { tinyPlan } from '../testing/tiny-plan.ts';
import { releaseFile, withRelease } from './release-file.ts';

const backbone = tinyBackbone();
const groups = tinyPlan('ant').groups;
const values = startValues(backbone, groups, 1);
const release = releaseFile(backbone, values, groups, 'ab'.repeat(32));

test('a release holds the federated groups, all of them and nothing else', () => {
  const federated = [...values.keys()].filter((name) => groups[groupOf(name)]?.scope === 'federated');
  expect([...release.tensors.keys()].toSorted()).toEqual(federated.toSorted());
  expect(JSON.parse(release.metadata['noren'] ?? '')).toEqual({
    kind: 'release',
    version: 1,
    backbone: 'ab'.repeat(32),
  });
});

test('a new vector laid over the values changes the federated groups only', () => {
  const vector = federatedVector(release).fill(0.5);
  const merged = withRelease(values, withFederatedVector(release, vector));
  for (const [name, data] of merged) {
    if (release.tensors.has(name)) expect([...new Set(data)]).toEqual([0.5]);
    else expect(data).toEqual(values.get(name));
  }
});

test('a release that does not fit is refused', () => {
  const other = { ...release, tensors: new Map([['item.video/weight', { shape: [1], data: new Float32Array(1) }]]) };
  expect(() => withRelease(values, other)).toThrow(/item\.video\/weight does not fit/);
});
