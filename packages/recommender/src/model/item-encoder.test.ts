import { tf, type Tensors } from '@noren/tensor';
import { expect, test } from 'vitest';
import { modalities, type ModalityName, type RecommenderConfig } from '../config/recommender-config.ts';
import { parameterGroups } from '../parameters/groups.ts';
import { seededRandom } from '../random/seeded-random.ts';
import { tinyConfig, tinyFeatures } from '../testing/tiny-study.ts';
import { encodeItems } from './item-encoder.ts';

const ITEMS = 6;

/** Random parameters, so that no bias is zero: a missing modality has to vanish by itself. */
function parametersOf(config: RecommenderConfig): Tensors {
  const random = seededRandom(3, 'parameters');
  return Object.fromEntries(
    parameterGroups(config)
      .flatMap(({ tensors }) => tensors)
      .map(({ name, shape }) => {
        const size = shape.reduce((product, length) => product * length, 1);
        return [
          name,
          tf.tensor(
            Float32Array.from({ length: size }, () => 0.3 * random.normal()),
            [...shape],
          ),
        ];
      }),
  );
}

/** Item vectors of a catalogue in which item 2 lacks a modality, whose features there are `filler`. */
function encode(
  config: RecommenderConfig,
  o: { missing?: readonly ModalityName[]; filler?: number; stage?: readonly ModalityName[] } = {},
): number[][] {
  const { missing = [], filler = 0, stage = modalities } = o;
  const features = tinyFeatures(config, ITEMS);
  const tables = Object.fromEntries(
    modalities.flatMap((modality) => {
      const { data, dimension } = features[modality];
      const present = Float32Array.from({ length: ITEMS }, (_, item) =>
        item === 2 && missing.includes(modality) ? 0 : 1,
      );
      if (missing.includes(modality)) data.fill(filler, 2 * dimension, 3 * dimension);
      return [
        [`${modality}.features`, tf.tensor2d(data, [ITEMS, dimension])],
        [`${modality}.present`, tf.tensor2d(present, [ITEMS, 1])],
      ];
    }),
  );
  return tf.tidy(() => {
    const { vectors } = encodeItems({ config, stage, parameters: parametersOf(config) }, tables);
    return vectors.arraySync() as number[][];
  });
}

const fusions = ['sum+hadamard', 'concat', 'attention'] as const;
const cases = fusions.flatMap((fusion) => modalities.map((missing) => ({ fusion, missing })));

test.each(cases)('$fusion: an item without $missing has a finite vector that ignores the missing features', (o) => {
  const config = { ...tinyConfig, fusion: o.fusion };
  const whole = encode(config);
  const lacking = encode(config, { missing: [o.missing], filler: 0 });
  expect(lacking.flat().every(Number.isFinite)).toBe(true);
  expect(lacking[2]).not.toEqual(whole[2]);
  expect(encode(config, { missing: [o.missing], filler: 99 })).toEqual(lacking);
});

test.each(cases)('$fusion: that an item lacks $missing changes no other item', (o) => {
  const config = { ...tinyConfig, fusion: o.fusion };
  const others = (rows: number[][]): number[][] => rows.filter((_, item) => item !== 2);
  expect(others(encode(config, { missing: [o.missing] }))).toEqual(others(encode(config)));
});

test.each(fusions)('%s: an item without anything is finite', (fusion) => {
  const vectors = encode({ ...tinyConfig, fusion }, { missing: modalities, filler: 5 });
  expect(vectors[2]?.every(Number.isFinite)).toBe(true);
});

test('a missing modality contributes exactly what a stage without it contributes', () => {
  const config = { ...tinyConfig, fusion: 'sum+hadamard' as const };
  const stage = encode(config, { stage: ['text', 'price'] });
  expect(encode(config, { missing: ['image'] })[2]).toEqual(stage[2]);
});

test('the sum adds the product of image and text', () => {
  const config = { ...tinyConfig, fusionWeight: 0 };
  const sum = encode(config)[0] ?? [];
  const [text, image] = [encode(config, { stage: ['text'] })[0] ?? [], encode(config, { stage: ['image'] })[0] ?? []];
  const fused = encode({ ...tinyConfig, fusionWeight: 0.1 })[0] ?? [];
  fused.forEach((value, at) => expect(value).toBeCloseTo((sum[at] ?? 0) + 0.1 * (text[at] ?? 0) * (image[at] ?? 0), 5));
});
