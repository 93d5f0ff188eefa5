import { join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

import type { CatalogueItem } from '../../retail-data.ts';
import { siteSourceSchema } from '../../site/source.ts';
import { errorOf, put, temporaryFolder } from '../../testing/fixtures.ts';
import { imageModelFolder, meanColourModel, PREPROCESSING } from '../../testing/image-models.ts';
import { node } from '../../testing/text-models.ts';
import { featurise, fitFeaturiser } from '../featurise.ts';
import { featuriserFrom } from '../featuriser-tensors.ts';
import type { Modality } from '../featuriser.ts';
import { tryModel } from './model-encoder.ts';
import type { ModelSource } from './model-source.ts';

const base = temporaryFolder();
const RAW = { kind: 'model', normalise: 'raw', unitLength: false } as const;
const RED = [1, -1, -1];
const GREEN = [-1, 1, -1];

function catalogueOf(paths: readonly (string | null)[]): CatalogueItem[] {
  return paths.map((imagePath, at) => ({ id: `item ${at}`, text: '', imagePath, price: null }));
}

/** A PNG whose columns of 8 x 8 pixels have these colours, from the left. */
async function stripes(name: string, colours: readonly string[], orientation?: number): Promise<string> {
  const image = sharp({ create: { width: 8 * colours.length, height: 8, channels: 3, background: '#000000' } });
  const parts = colours.map((background, at) => ({
    input: { create: { width: 8, height: 8, channels: 3 as const, background } },
    left: 8 * at,
    top: 0,
  }));
  const drawn = image.composite(parts).png();
  return put(base, name, await (orientation === undefined ? drawn : drawn.withMetadata({ orientation })).toBuffer());
}

async function features(source: ModelSource, paths: readonly (string | null)[]): Promise<Modality> {
  const o = { sources: { image: source }, base, textDimension: 4 };
  const featuriser = await fitFeaturiser(catalogueOf(paths), o);
  return (await featurise(featuriserFrom(new Map(featuriser.tensors)), catalogueOf(paths), o)).image;
}

function rows({ data, dimension, present }: Modality): number[][] {
  return [...present.keys()].map((item) => [...data.subarray(item * dimension, (item + 1) * dimension)]);
}

function near(expected: readonly number[]): unknown[] {
  return expected.map((value) => expect.closeTo(value, 3));
}

describe('an image becomes', () => {
  test("the model's embedding of its middle, an item without image none", async () => {
    const red = await stripes('red.png', ['#ff0000']);
    const wide = await stripes('wide.png', ['#0000ff', '#0000ff', '#00ff00', '#ff0000', '#ff0000']);
    const found = await features({ ...RAW, folder: imageModelFolder(base, 'middle') }, [red, null, wide, red]);
    expect(rows(found)).toEqual([near(RED), [0, 0, 0], near(GREEN), near(RED)]);
    expect([...found.present]).toEqual([1, 0, 1, 1]);
  });

  test('a vector of length 1 unless the mapping says otherwise', async () => {
    const red = await stripes('red.png', ['#ff0000']);
    const found = await features({ kind: 'model', normalise: 'raw', folder: imageModelFolder(base, 'unit') }, [red]);
    expect(rows(found)).toEqual([near(RED.map((value) => value / Math.sqrt(3)))]);
  });

  test('the whole of it, squeezed, under a fixed width and height', async () => {
    const preprocessing = { ...PREPROCESSING, size: { height: 8, width: 8 }, do_center_crop: false };
    const folder = imageModelFolder(base, 'squeezed', { preprocessing });
    const half = await stripes('half.png', ['#ff0000', '#00ff00']);
    expect(rows(await features({ ...RAW, folder }, [half]))).toEqual([
      [expect.closeTo(0, 1), expect.closeTo(0, 1), expect.closeTo(-1, 3)],
    ]);
  });

  test('what it shows upright, on white', async () => {
    // Orientation 6: the left column is the upper row. Of three the middle stays in the middle, whatever is turned.
    const turned = await stripes('turned.png', ['#0000ff', '#00ff00', '#0000ff'], 6);
    const clear = { create: { width: 9, height: 9, channels: 4 as const, background: '#00000000' } };
    const transparent = put(base, 'transparent.png', await sharp(clear).png().toBuffer());
    const folder = imageModelFolder(base, 'upright');
    expect(rows(await features({ ...RAW, folder }, [turned, transparent]))).toEqual([near(GREEN), near([1, 1, 1])]);
  });

  test('the mean of a map of features, where the model gives no more', async () => {
    const output = { name: 'last_hidden_state', shape: ['batch', 3, 'height', 'width'] };
    const model = meanColourModel({ output, nodes: [node('Identity', ['pixel_values'], 'last_hidden_state')] });
    const red = await stripes('red.png', ['#ff0000']);
    const source = { ...RAW, folder: imageModelFolder(base, 'map', { model }) };
    expect(rows(await features(source, [red]))).toEqual([near(RED)]);
  });

  test('the same by a model that takes a fixed number of images', async () => {
    const red = await stripes('red.png', ['#ff0000']);
    const green = await stripes('green.png', ['#00ff00']);
    const model = meanColourModel({ input: [2, 3, 8, 8], output: { name: 'image_embeds', shape: [2, 3] } });
    const folder = imageModelFolder(base, 'two', { model });
    const third = await stripes('third.png', ['#ffffff']);
    const found = await features({ ...RAW, folder }, [red, green, third]);
    expect(rows(found)).toEqual([near(RED), near(GREEN), near([1, 1, 1])]);
  });
});

test('an image that cannot be decoded is named', async () => {
  const broken = put(base, 'broken.png', 'no image');
  const error = await errorOf(features({ ...RAW, folder: imageModelFolder(base, 'broken') }, [broken]));
  expect(error).toMatchObject({ code: 'image-corrupt', place: { file: broken } });
  const gone = await errorOf(features({ ...RAW, folder: imageModelFolder(base, 'gone') }, [join(base, 'gone.png')]));
  expect(gone).toMatchObject({ code: 'image-missing', place: { file: join(base, 'gone.png') } });
});

describe('a folder that cannot be used is refused', () => {
  const { image_mean: _, ...noMean } = PREPROCESSING;

  test.each<[string, object, string]>([
    ['images of any size', { ...PREPROCESSING, do_center_crop: false }, 'images would differ in size'],
    ['a crop larger than the image', { ...PREPROCESSING, crop_size: 9 }, 'larger than the resized image'],
    ['a step that is not known', { ...PREPROCESSING, do_pad: true }, 'it asks for "do_pad"'],
    ['a filter that is not known', { ...PREPROCESSING, resample: 5 }, '"resample" is 5'],
    ['no mean', noMean, 'does not say with which image_mean'],
    ['a deviation of nothing', { ...PREPROCESSING, image_std: [1, 0, 1] }, 'image_std'],
    ['another size than the model', { ...PREPROCESSING, size: 16, crop_size: 16 }, 'makes [?, 3, 16, 16]'],
  ])('%s', async (name, preprocessing, what) => {
    const model = meanColourModel({ input: ['batch', 3, 8, 8] });
    const folder = imageModelFolder(base, name, { preprocessing, model });
    const error = await errorOf(tryModel('image', { kind: 'model', folder }, base));
    expect(error).toMatchObject({ code: 'model-invalid' });
    expect(String(error)).toContain(what);
  });

  test('a prefix, which only texts can have', () => {
    const mapping = {
      catalogue: { file: 'catalogue.csv', columns: { item: 'item', text: [] } },
      interactions: { file: 'sales.csv', columns: { customer: 'customer', item: 'item', time: 'time' } },
      features: { image: { kind: 'model', folder: 'm', prefix: 'photo: ' } },
    };
    expect(siteSourceSchema.safeParse(mapping).success).toBe(false);
  });
});
