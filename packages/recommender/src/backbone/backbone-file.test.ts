import { readSafetensors, writeSafetensors } from '@noren/tensor/safetensors';
import { expect, test } from 'vitest';
import { RecommenderError } from '../errors.ts';
import { tinyBackbone } from '../testing/tiny-backbone.ts';
import { readBackbone, writeBackbone } from './backbone-file.ts';

const backbone = tinyBackbone();

test('a backbone comes back as it was written, and equal backbones give equal bytes', () => {
  const bytes = writeBackbone(backbone);
  const read = readBackbone(bytes);
  expect(read.config).toEqual(backbone.config);
  expect(read.groups).toEqual(backbone.groups);
  expect(read.tensors.get('featuriser.text/mean')).toEqual(backbone.tensors.get('featuriser.text/mean'));
  expect(read.tensors.get('sequence.position/embedding')).toEqual(backbone.tensors.get('sequence.position/embedding'));
  const reversed = { ...backbone, tensors: new Map([...backbone.tensors].toReversed()) };
  expect(writeBackbone(reversed)).toEqual(bytes);
});

type Tensors = Map<string, { shape: readonly number[]; data: Float32Array }>;

test.each([
  ['a parameter is missing', (t: Tensors) => t.delete('item.norm/gain'), /item\.norm\/gain is missing/],
  [
    'a parameter has another shape',
    (t: Tensors) => t.set('item.norm/gain', { shape: [2, 4], data: new Float32Array(8) }),
    /shape \[2, 4\] instead of \[8\]/,
  ],
  [
    'a value is not finite',
    (t: Tensors) => t.set('item.norm/gain', { shape: [8], data: new Float32Array(8).fill(Number.NaN) }),
    /not a finite number/,
  ],
  [
    'a tensor belongs to no group',
    (t: Tensors) => t.set('item.video/weight', { shape: [1], data: new Float32Array(1) }),
    /item\.video\/weight is no tensor/,
  ],
] as const)('a file is refused where %s', (_, spoil, message) => {
  const file = readSafetensors(writeBackbone(backbone));
  const tensors = new Map(file.tensors);
  spoil(tensors);
  const bytes = writeSafetensors({ tensors, metadata: file.metadata });
  expect(() => readBackbone(bytes)).toThrow(message);
});

test('a file of another kind is refused with the reason', () => {
  expect(() => readBackbone(new Uint8Array(4))).toThrow(RecommenderError);
  const release = writeSafetensors({ tensors: new Map(), metadata: { noren: '{"kind":"release"}' } });
  expect(() => readBackbone(release)).toThrow(/backbone file is invalid/);
  const groups = { ...backbone, groups: backbone.groups.slice(1) };
  expect(() => writeBackbone(groups)).toThrow(/its config needs item\.text/);
});
