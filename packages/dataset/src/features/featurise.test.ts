import { createHash } from 'node:crypto';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';

import { randomStream } from '../random.ts';
import type { CatalogueItem } from '../retail-data.ts';
import { errorOf, plainJpeg, put, temporaryFolder } from '../testing/fixtures.ts';
import { featurise, fitFeaturiser } from './featurise.ts';
import { featureDimensions, featuriserFrom } from './featuriser-tensors.ts';
import type { Featuriser, Modality } from './featuriser.ts';

const folder = temporaryFolder();
const COLOURS = ['#cc2222', '#c22a2a', '#2222cc', '#22cc22', '#111111', '#eeeeee'];
let catalogue: CatalogueItem[] = [];

beforeAll(async () => {
  catalogue = await Promise.all(
    COLOURS.map(async (colour, at) => ({
      id: `item ${at}`,
      text: `thing ${at} in ${colour}`,
      imagePath: put(folder, `${at}.jpg`, await plainJpeg(colour)),
      price: 1000 * (at + 1),
    })),
  );
});

function row({ data, dimension }: Modality, item: number): number[] {
  return [...data.subarray(item * dimension, (item + 1) * dimension)];
}

/** Digest of every tensor by name: comparing hundreds of thousands of numbers one by one takes long. */
function bytesOf({ tensors }: Featuriser): Record<string, string> {
  return Object.fromEntries(
    [...tensors].map(([name, { shape, data }]) => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [name, `${shape.join('x')} ${createHash('sha256').update(bytes).digest('hex')}`];
    }),
  );
}

function distance(modality: Modality, a: number, b: number): number {
  const other = row(modality, b);
  return Math.hypot(...row(modality, a).map((value, at) => value - (other[at] ?? 0)));
}

test('the same catalogue and seed give the same encoders and features, to the bit', async () => {
  const first = await fitFeaturiser(catalogue, { seed: 5 });
  const second = await fitFeaturiser(catalogue, { seed: 5 });
  expect(bytesOf(second)).toEqual(bytesOf(first));
  expect(bytesOf(await fitFeaturiser(catalogue, { seed: 6 }))).not.toEqual(bytesOf(first));
  expect(await featurise(second, catalogue)).toEqual(await featurise(first, catalogue));
});

test('dimensions are as asked for, and tensors say where they belong', async () => {
  const featuriser = await fitFeaturiser(catalogue, { textDimension: 7, imageDimension: 5 });
  expect(featureDimensions(featuriser)).toEqual({ text: 7, image: 5, price: 16 });
  const { items, text, image, price } = await featurise(featuriser, catalogue);
  expect(items).toBe(6);
  expect([text.data.length, image.data.length, price.data.length]).toEqual([42, 30, 96]);
  for (const name of featuriser.tensors.keys()) expect(name).toMatch(/^featuriser\.(text|image|price|recipe)\//);
});

test('a missing modality is a zero row, and the others are not touched by it', async () => {
  const featuriser = await fitFeaturiser(catalogue);
  const full = await featurise(featuriser, catalogue);
  const bare = catalogue.map((item, at) => (at === 2 ? { ...item, text: '', imagePath: null, price: null } : item));
  const features = await featurise(featuriser, bare);
  for (const modality of ['text', 'image', 'price'] as const) {
    expect([...features[modality].present]).toEqual([1, 1, 0, 1, 1, 1]);
    expect(row(features[modality], 2).every((value) => value === 0)).toBe(true);
    expect(row(features[modality], 3)).toEqual(row(full[modality], 3));
  }
});

test('similar pictures have similar features, of moderate size', async () => {
  const { image } = await featurise(await fitFeaturiser(catalogue), catalogue);
  expect(distance(image, 0, 1)).toBeLessThan(distance(image, 0, 2));
  expect(Math.hypot(...row(image, 0))).toBeCloseTo(0.3 * Math.sqrt(image.dimension), 4);
});

test('shape counts, not colour alone', async () => {
  const random = randomStream(8, 'bars');
  const grille = async (at: number): Promise<CatalogueItem> => {
    const bars = [0, 1, 2].map(() => `<rect x="${4 + random.integer(52)}" y="2" width="5" height="60" fill="#444"/>`);
    const turn = at % 2 === 0 ? '' : 'transform="rotate(90 32 32)"';
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="#fff"/><g ${turn}>${bars.join('')}</g></svg>`;
    const imagePath = put(folder, `grille${at}.png`, await sharp(Buffer.from(svg)).png().toBuffer());
    return { id: `grille ${at}`, text: '', imagePath, price: null };
  };
  const items = await Promise.all(Array.from({ length: 40 }, async (_, at) => grille(at)));
  const { image } = await featurise(await fitFeaturiser(items), items);
  const nearestIsParallel = items.filter((_, at) => {
    const others = [...items.keys()].filter((other) => other !== at);
    const nearest = others.toSorted((a, b) => distance(image, at, a) - distance(image, at, b))[0] ?? 0;
    return nearest % 2 === at % 2;
  });
  expect(nearestIsParallel.length).toBeGreaterThanOrEqual(38);
});

test('transparent, grey and rotated images are images too', async () => {
  const base = sharp({ create: { width: 30, height: 20, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } });
  const odd = [
    put(folder, 'transparent.png', await base.clone().png().toBuffer()),
    put(
      folder,
      'grey.png',
      await sharp({ create: { width: 9, height: 9, channels: 3, background: '#888' } })
        .greyscale()
        .png()
        .toBuffer(),
    ),
    put(folder, 'rotated.jpg', await base.clone().flatten().jpeg().withMetadata({ orientation: 6 }).toBuffer()),
    put(folder, 'cmyk.jpg', await base.clone().flatten().toColourspace('cmyk').jpeg().toBuffer()),
  ].map((imagePath, at): CatalogueItem => ({ id: `odd ${at}`, text: '', imagePath, price: null }));
  const { image } = await featurise(await fitFeaturiser(catalogue), odd);
  expect([...image.present]).toEqual([1, 1, 1, 1]);
  expect(image.data.every(Number.isFinite)).toBe(true);
});

test('headquarters without images: images count as missing at the sites', async () => {
  const featuriser = await fitFeaturiser(catalogue.map((item) => ({ ...item, imagePath: null })));
  const { image } = await featurise(featuriser, catalogue);
  expect([...image.present]).toEqual([0, 0, 0, 0, 0, 0]);
});

test('a corrupt or missing image is named', async () => {
  const featuriser = await fitFeaturiser(catalogue);
  const corrupt: CatalogueItem = { id: 'x', text: '', imagePath: put(folder, 'x.jpg', 'no'), price: null };
  expect(await errorOf(featurise(featuriser, [corrupt]))).toMatchObject({
    code: 'image-corrupt',
    place: { file: corrupt.imagePath },
  });
  const lost = { ...corrupt, imagePath: join(folder, 'lost.jpg') };
  expect(await errorOf(featurise(featuriser, [lost]))).toMatchObject({ code: 'image-missing' });
});

describe('the cache of image descriptors', () => {
  test('gives the same features, survives a damaged file and needs no second decoding', async () => {
    const cacheFolder = join(folder, 'cache');
    const featuriser = await fitFeaturiser(catalogue);
    const fresh = await featurise(featuriser, catalogue);
    expect(await featurise(featuriser, catalogue, { cacheFolder })).toEqual(fresh);
    const files = readdirSync(cacheFolder);
    expect(files).toHaveLength(1);
    expect(await featurise(featuriser, catalogue, { cacheFolder })).toEqual(fresh);
    expect(readdirSync(cacheFolder), 'nothing new was computed').toEqual(files);
    truncateSync(join(cacheFolder, files[0] ?? ''), 100);
    expect(await featurise(featuriser, catalogue, { cacheFolder })).toEqual(fresh);
    expect(readdirSync(cacheFolder)).toHaveLength(2);
  });

  test('what was computed before a failure is kept', async () => {
    const cacheFolder = join(folder, 'resumed');
    const featuriser = await fitFeaturiser(catalogue);
    const broken: CatalogueItem = { id: 'y', text: '', imagePath: put(folder, 'y.jpg', 'no'), price: null };
    await errorOf(featurise(featuriser, [...catalogue, broken], { cacheFolder }));
    const kept = readdirSync(cacheFolder);
    expect(kept).toHaveLength(1);
  });
});

describe('a featuriser out of a backbone', () => {
  test('is picked from among other tensors and works as the one put in', async () => {
    const featuriser = await fitFeaturiser(catalogue);
    const other = { shape: [1], data: Float32Array.of(1) };
    const picked = featuriserFrom(new Map([['item.text/weight', other], ...featuriser.tensors]));
    expect(bytesOf(picked)).toEqual(bytesOf(featuriser));
  });

  test.each([
    ['a missing tensor', 'featuriser.text/idf', undefined, 'is missing'],
    ['a wrong shape', 'featuriser.price/scale', { shape: [2], data: new Float32Array(2) }, '[2] where [3]'],
    ['a number that is none', 'featuriser.price/scale', { shape: [3], data: Float32Array.of(1, NaN, 1) }, 'finite'],
    ['another recipe', 'featuriser.recipe/version', { shape: [1], data: Float32Array.of(9) }, 'kind 9'],
  ])('is refused with %s', async (_, name, tensor, what) => {
    const tensors = new Map((await fitFeaturiser(catalogue)).tensors);
    if (tensor === undefined) tensors.delete(name);
    else tensors.set(name, tensor);
    expect(() => featuriserFrom(tensors)).toThrow(what);
  });
});

test('currency and categories of prices travel with the backbone', async () => {
  const named = Array.from({ length: 40 }, (_, at) => ({
    id: String(at),
    text: '',
    imagePath: null,
    price: at < 20 ? 1 + at : 1000 + at,
    currency: 'JPY',
    category: at < 20 ? 'socks' : 'coats',
  }));
  const featuriser = await fitFeaturiser(named, { textDimension: 2, imageDimension: 2 });
  const { price } = await featurise(featuriserFrom(featuriser.tensors), named);
  expect(row(price, 10)).toEqual(row((await featurise(featuriser, named)).price, 10));
  // The middle of the socks and the middle of the coats.
  expect(distance(price, 9, 29)).toBeLessThan(distance(price, 9, 0));
  const wrong = new Map(featuriser.tensors).set('featuriser.price/categories', {
    shape: [1],
    data: Float32Array.of(1),
  });
  expect(() => featuriserFrom(wrong)).toThrow('featuriser.price/categories');
});
