import { contentHash, defaultTraining } from '@noren/protocol';
import type { PlanTemplate } from '@noren/protocol';
import { writeSafetensors } from '@noren/tensor/safetensors';
import type { HostTensor } from '@noren/tensor/safetensors';
import { describe, expect, test } from 'vitest';

import { checkReleaseFile, readBackboneFile } from './lineage-files.ts';

type Shapes = Readonly<Record<string, readonly number[]>>;

function file(description: object, shapes: Shapes): Uint8Array {
  const tensors = Object.entries(shapes).map(([name, shape]): [string, HostTensor] => {
    const length = shape.reduce((product, side) => product * side, 1);
    return [name, { shape, data: new Float32Array(length) }];
  });
  return writeSafetensors({ tensors: new Map(tensors), metadata: { noren: JSON.stringify(description) } });
}

const groups = ['sequence.block.0.attention', 'sequence.block.0.feedforward'];
const bytes = file(
  { kind: 'backbone', version: 1, config: {}, groups },
  {
    'sequence.block.0.attention/query.weight': [6, 6],
    'sequence.block.0.attention/query.bias': [6],
    'sequence.block.0.feedforward/inner.weight': [6, 10],
  },
);
const backbone = readBackboneFile(bytes);

const release = (shapes: Shapes): Uint8Array =>
  file({ kind: 'release', version: 1, backbone: contentHash(bytes) }, shapes);

describe('a release of adapters', () => {
  const frozen = { start: 'pretrained', scope: 'frozen' } as const;
  const template: PlanTemplate = {
    ...defaultTraining('lora', {
      ...Object.fromEntries(groups.map((group) => [group, frozen])),
      'sequence.block.0.adapter.a': { start: 'reinit', scope: 'federated' },
      'sequence.block.0.adapter.b': { start: 'reinit', scope: 'local' },
    }),
    adapters: { rank: 2 },
  };
  const shared = { 'sequence.block.0.adapter.a/query': [6, 2], 'sequence.block.0.adapter.a/inner': [6, 2] };
  const check = (shapes: Shapes, plan = template) => checkReleaseFile(release(shapes), plan, backbone);

  test('holds the shared factors, of the rank that the plan says', () => {
    expect(check(shared)).toBe(24);
    expect(() => check({ ...shared, 'sequence.block.0.adapter.a/query': [6, 3] })).toThrow(
      'has the shape [6,3], the plan needs [6,2]',
    );
    expect(() => check({ 'sequence.block.0.adapter.a/query': [6, 2] })).toThrow(/adapter\.a\/inner.* is missing/);
  });

  test('holds no factor that stays at the sites, and none of another matrix', () => {
    expect(() => check({ ...shared, 'sequence.block.0.adapter.b/query': [2, 6] })).toThrow(/does not share/);
    expect(() => check({ ...shared, 'sequence.block.0.adapter.a/key': [6, 2] })).toThrow(/has a tensor/);
  });

  test('belongs to a plan with adapters that fit the backbone', () => {
    expect(() => check(shared, { ...template, adapters: null })).toThrow(/neither backbone nor plan has/);
    expect(() => check(shared, { ...template, adapters: { rank: 7 } })).toThrow(/at most 6/);
  });
});
