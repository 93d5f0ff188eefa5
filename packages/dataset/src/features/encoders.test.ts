import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, describe, test } from 'vitest';

import type { CatalogueItem } from '../retail-data.ts';
import { readSite } from '../site/read-site.ts';
import { siteSourceSchema, type SiteSourceInput } from '../site/source.ts';
import { errorOf, put, temporaryFolder } from '../testing/fixtures.ts';
import { float32Bytes } from '../testing/matrix-files.ts';
import { realData } from '../testing/real-data.ts';
import type { FeatureSource, FeatureSources, PrecomputedSource } from './feature-source.ts';
import { featurise, fitFeaturiser } from './featurise.ts';
import { featureDimensions, featuriserFrom } from './featuriser-tensors.ts';
import type { Featuriser, Modality } from './featuriser.ts';

const base = temporaryFolder();
const catalogue = ['tea', 'rice', 'soap', 'fish'].map((id): CatalogueItem => ({
  id,
  text: `some ${id}`,
  imagePath: null,
  price: 100,
}));
const VALUES = [1, 10, 7, 3, 10, 7, 5, 30, 7];

function clip(change: Partial<PrecomputedSource> = {}): PrecomputedSource {
  put(base, 'hq.feat', float32Bytes(VALUES));
  put(base, 'hq.items', 'tea\nrice\nsoap\n');
  const source = { kind: 'precomputed', encoder: 'CLIP', file: 'hq.feat', format: 'float32' } as const;
  return { ...source, dimension: 3, items: 'hq.items', ...change };
}

function row({ data, dimension }: Modality, item: number): number[] {
  return [...data.subarray(item * dimension, (item + 1) * dimension)];
}

async function fitted(sources: FeatureSources): Promise<Featuriser> {
  const featuriser = await fitFeaturiser(catalogue, { sources, base, textDimension: 4, imageDimension: 4 });
  // As a site gets it: out of a backbone's tensors.
  return featuriserFrom(new Map(featuriser.tensors));
}

describe('precomputed features', () => {
  test('raw: as they are', async () => {
    const sources = { text: clip({ normalise: 'raw' }) };
    const { text } = await featurise(await fitted(sources), catalogue, { sources, base });
    expect(text).toEqual({
      dimension: 3,
      data: Float32Array.of(...VALUES, 0, 0, 0),
      present: Uint8Array.of(1, 1, 1, 0),
    });
  });

  test('unit: of one length, the same direction', async () => {
    const sources = { text: clip({ normalise: 'unit' }) };
    const { text } = await featurise(await fitted(sources), catalogue, { sources, base });
    for (const item of [0, 1, 2]) {
      expect(Math.hypot(...row(text, item))).toBeCloseTo(Math.sqrt(3), 6);
      expect(row(text, item)[1]! / row(text, item)[0]!).toBeCloseTo(VALUES[item * 3 + 1]! / VALUES[item * 3]!, 5);
    }
    expect(row(text, 3)).toEqual([0, 0, 0]);
  });

  test("standardised: by headquarters' means and deviations, at a site with other features too", async () => {
    const featuriser = await fitted({ text: clip() });
    expect(featuriser.encoders.text).toMatchObject({ normalise: 'standardised', dimension: 3 });
    const here = await featurise(featuriser, catalogue, { sources: { text: clip() }, base });
    // Column 0 holds 1, 3, 5: mean 3, deviation sqrt(8 / 3). Column 2 never varies and says nothing.
    const deviation = Math.sqrt(8 / 3);
    for (const [item, value] of [-2, 0, 2].entries()) expect(row(here.text, item)[0]).toBeCloseTo(value / deviation, 5);
    expect([0, 1, 2].map((item) => row(here.text, item)[2])).toEqual([0, 0, 0]);
    put(base, 'site.feat', float32Bytes([3 + deviation, 0, 0, 1e9, 0, 0]));
    const site = [{ ...catalogue[0]!, id: 'other' }, catalogue[1]!];
    const sources = { text: clip({ file: 'site.feat', items: undefined }) };
    const { text } = await featurise(featuriser, site, { sources, base });
    expect(row(text, 0)[0]).toBeCloseTo(1, 5);
    expect(row(text, 1)[0], 'an odd row is cut').toBe(4);
  });

  test('text, image and price may each come from elsewhere', async () => {
    const sources: FeatureSources = { image: clip() };
    const featuriser = await fitted(sources);
    expect(featureDimensions(featuriser)).toEqual({ text: 4, image: 3, price: 16 });
    const features = await featurise(featuriser, catalogue, { sources, base });
    expect([...features.text.present]).toEqual([1, 1, 1, 1]);
    expect([...features.image.present]).toEqual([1, 1, 1, 0]);
    expect([...features.price.present]).toEqual([1, 1, 1, 1]);
  });
});

describe('a site must use the encoder that the backbone expects', () => {
  test.each<[string, FeatureSource | undefined, FeatureSource | undefined, string]>([
    ['nothing where features are expected', clip(), undefined, 'the mapping names none, which means the built-in'],
    [
      'the built-in encoder',
      clip(),
      { kind: 'built-in' },
      'precomputed features of "CLIP", 3 numbers wide; the mapping names the built-in',
    ],
    ['features of another encoder', clip(), clip({ encoder: 'SigLIP' }), 'the mapping names features of "SigLIP"'],
    ['another width', clip(), clip({ file: 'wide.feat', dimension: 4, items: undefined }), 'are 4 numbers wide'],
    ['another normalisation', clip(), clip({ normalise: 'unit' }), 'normalises "standardised", not "unit"'],
    ['features where the built-in is expected', undefined, clip(), 'Remove features.text from the mapping'],
  ])('%s is refused', async (_, headquarters, site, what) => {
    put(base, 'wide.feat', float32Bytes(Array.from({ length: 16 }, (__, at) => at + 1)));
    const featuriser = await fitted({ text: headquarters });
    const error = await errorOf(featurise(featuriser, catalogue, { sources: { text: site }, base }));
    expect(error).toMatchObject({ name: 'DatasetError', code: 'encoder-mismatch' });
    expect(String(error)).toContain(what);
  });

  test('but it may do without, and so may headquarters', async () => {
    const none: FeatureSources = { text: { kind: 'none' } };
    for (const [headquarters, site] of [
      [{ text: clip() }, none],
      [none, { text: clip() }],
      [none, {}],
    ] as const) {
      const featuriser = await fitted(headquarters);
      const { text } = await featurise(featuriser, catalogue, { sources: site, base });
      expect(text.dimension).toBe(featureDimensions(featuriser).text);
      expect([...text.present]).toEqual([0, 0, 0, 0]);
      expect(text.data).toHaveLength(4 * text.dimension);
    }
  });

  test.each([
    ['no JSON', Float32Array.of(1, 2)],
    ['numbers that are no bytes', Float32Array.of(0.5)],
    ['another kind', Float32Array.from(new TextEncoder().encode('{"text":{"kind":"code"},"image":{"kind":"none"}}'))],
    ['too much', new Float32Array(5000)],
  ])('a backbone whose description is %s is refused', async (_, data) => {
    const tensors = new Map((await fitted({})).tensors);
    tensors.set('featuriser.recipe/encoders', { shape: [data.length], data });
    expect(() => featuriserFrom(tensors)).toThrow('the description of its encoders cannot be read');
  });

  test('a backbone without the means it says it has is refused', async () => {
    const tensors = new Map((await fitted({ text: clip() })).tensors);
    tensors.delete('featuriser.text/mean');
    expect(() => featuriserFrom(tensors)).toThrow('featuriser.text/mean is missing');
  });
});

describe('in a mapping', () => {
  const mapping: SiteSourceInput = {
    catalogue: { file: 'catalogue.csv', columns: { item: 'item', text: ['text'] } },
    interactions: { file: 'sales.csv', columns: { customer: 'customer', item: 'item', time: 'time' } },
    minimumSequence: 1,
  };

  function shop(): void {
    put(base, 'catalogue.csv', 'item,text\ntea,a\nrice,b\nsoap,c\nfish,d\n');
    put(base, 'sales.csv', 'customer,item,time\nx,tea,2024-01-01\nx,rice,2024-01-02\n');
  }

  test('items without features are counted', async () => {
    shop();
    const features: FeatureSources = { image: clip() };
    expect((await readSite({ ...mapping, features }, base)).report).toMatchObject({
      itemsWithoutText: 0,
      itemsWithoutImage: 1,
    });
    const { report } = await readSite({ ...mapping, features: { ...features, text: { kind: 'none' } } }, base);
    expect(report.itemsWithoutText).toBe(4);
  });

  test('a file that does not fit is found when the site is read', async () => {
    shop();
    const features = { text: clip({ dimension: 2 }) };
    const error = await errorOf(readSite({ ...mapping, features }, base));
    expect(error).toMatchObject({ code: 'features-invalid', place: { file: 'hq.feat' } });
  });

  test.each([
    ['a name without a known ending', { file: 'x.feat' }, 'say which format it has'],
    ['no width for a file without header', { file: 'x.feat', format: 'float32' }, 'does not say how wide'],
    ['a tensor of an NPY file', { file: 'x.npy', tensor: 'text' }, 'only a safetensors file'],
    ['no encoder', { file: 'x.npy', encoder: ' ' }, 'features.text.encoder'],
    ['an unknown field', { file: 'x.npy', url: 'https://example.org' }, 'url'],
    ['an unknown normalisation', { file: 'x.npy', normalise: 'maximum' }, 'features.text.normalise'],
    ['a width beyond all use', { file: 'x.npy', dimension: 100_000 }, 'features.text.dimension'],
  ])('%s is refused', async (_, change, what) => {
    const text = { kind: 'precomputed', encoder: 'CLIP', ...change } as PrecomputedSource;
    expect(siteSourceSchema.safeParse({ ...mapping, features: { text } }).success).toBe(false);
    const error = await errorOf(readSite({ ...mapping, features: { text } }, base));
    expect(error).toMatchObject({ code: 'mapping-invalid' });
    expect(String(error)).toContain(what);
  });
});

const { folder, isMissing } = realData('amazon-scientific-clip');

test.skipIf(isMissing)(`the CLIP features of Amazon Scientific, as published (needs ${folder})`, async () => {
  const lines = readFileSync(join(folder, 'Scientific.text'), 'utf8').trimEnd().split('\n').slice(1);
  const items = lines.map((line): CatalogueItem => {
    const [id = '', text = ''] = line.split('\t');
    return { id, text, imagePath: null, price: null };
  });
  const file = { kind: 'precomputed', format: 'float32', dimension: 512, items: 'Scientific.item2index' } as const;
  const sources: FeatureSources = {
    text: { ...file, file: 'Scientific.feat1CLS', encoder: 'CLIP ViT-B/32 text' },
    image: { ...file, file: 'Scientific.feat3CLS', encoder: 'CLIP ViT-B/32 image' },
  };
  const featuriser = await fitFeaturiser(items, { sources, base: folder });
  const features = await featurise(featuriserFrom(featuriser.tensors), items, { sources, base: folder });
  expect(items).toHaveLength(1585);
  for (const { dimension, data, present } of [features.text, features.image]) {
    expect(dimension).toBe(512);
    expect(present.every((has) => has === 1)).toBe(true);
    const squares = data.reduce((sum, value) => sum + value * value, 0);
    // 1 but for the few values that are cut at 4 deviations.
    expect(squares / data.length).toBeGreaterThan(0.99);
    expect(squares / data.length).toBeLessThanOrEqual(1.0001);
  }
  // The text file lists items in another order than the features: one row, found by hand in item2index.
  const raw = { sources: { text: { ...sources.text, normalise: 'raw' } as PrecomputedSource }, base: folder };
  const { text } = await featurise(await fitFeaturiser(items, raw), items, raw);
  const order = readFileSync(join(folder, 'Scientific.item2index'), 'utf8').split('\n');
  const id = order[7]?.split('\t')[0];
  const bytes = readFileSync(join(folder, 'Scientific.feat1CLS')).subarray(7 * 2048, 8 * 2048);
  const found = row(
    text,
    items.findIndex((item) => item.id === id),
  );
  expect(Buffer.from(float32Bytes(found)).equals(bytes)).toBe(true);
});
