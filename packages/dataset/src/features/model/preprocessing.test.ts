import { expect, test } from 'vitest';

import { decodePixels } from '../../images/pixels.ts';
import { PREPROCESSING } from '../../testing/image-models.ts';
import type { ModelFolder } from './model-folder.ts';
import { readPreprocessing } from './preprocessing.ts';

function folderWith(config: object): ModelFolder {
  return {
    label: 'model',
    name: 'model',
    graph: '',
    fingerprint: '',
    quantisesDynamically: false,
    json: new Map([['preprocessor_config.json', { ...PREPROCESSING, ...config }]]),
  };
}

const clip = { size: { shortest_edge: 224 }, crop_size: { height: 224, width: 224 } };
const square = { width: 224, height: 224 };

// As Transformers' image processors of these models take their configuration.
test.each<[string, object, object]>([
  ['CLIP', clip, { resize: { shortest: 224 }, crop: square, kernel: 'cubic' }],
  ['CLIP, as first published', { size: 224, crop_size: 224 }, { resize: { shortest: 224 }, crop: square }],
  ['DINOv2', { ...clip, size: { shortest_edge: 256 } }, { resize: { shortest: 256 }, crop: square }],
  [
    'ViT',
    { size: { height: 224, width: 224 }, do_center_crop: false, resample: 2 },
    { resize: square, crop: null, kernel: 'linear' },
  ],
  [
    'ViT, as first published',
    { size: 224, do_center_crop: undefined, crop_size: undefined },
    { resize: square, crop: null },
  ],
  [
    'ConvNeXT',
    { size: { shortest_edge: 224 }, crop_pct: 0.875, crop_size: undefined, do_center_crop: undefined },
    { resize: { shortest: 256 }, crop: square },
  ],
  [
    'ConvNeXT, large',
    { size: { shortest_edge: 384 }, crop_pct: 0.875, crop_size: undefined, do_center_crop: undefined },
    { resize: { width: 384, height: 384 }, crop: null },
  ],
])('%s', (_, config, pixels) => {
  expect(readPreprocessing(folderWith(config)).pixels).toMatchObject(pixels);
});

test('a value is (pixel * rescale_factor - mean) / deviation', () => {
  const { factor, offset } = readPreprocessing(folderWith({ image_mean: [0.1, 0.2, 0.3], image_std: [0.5, 0.25, 1] }));
  expect(factor.map((value) => value * 255)).toEqual([2, 4, 1].map((value) => expect.closeTo(value, 9)));
  expect(offset).toEqual([-0.2, -0.8, -0.3].map((value) => expect.closeTo(value, 9)));
  expect(readPreprocessing(folderWith({ do_normalize: false, do_rescale: false }))).toMatchObject({
    factor: [1, 1, 1],
    offset: [0, 0, 0],
  });
});

test('an image is cut in its middle, however long it is, and grey has three channels', async () => {
  const { default: sharp } = await import('sharp');
  const long = await sharp(new Uint8Array(3000).fill(80), { raw: { width: 3000, height: 1, channels: 1 } })
    .png()
    .toBuffer();
  const plan = { resize: { shortest: 8 }, kernel: 'cubic', crop: { width: 8, height: 8 } } as const;
  const pixels = await decodePixels(long, plan);
  expect(pixels).toMatchObject({ width: 8, height: 8 });
  expect([...(pixels?.rgb ?? [])]).toEqual(Array.from({ length: 192 }, () => 80));
  expect(await decodePixels(long, { ...plan, resize: null })).toBeNull();
});
