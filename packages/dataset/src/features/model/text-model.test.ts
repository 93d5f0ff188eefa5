import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

import { Tokenizer } from '@huggingface/tokenizers';
import { openOnnxModel } from '@noren/tensor/onnx';
import { describe, expect, test, vi } from 'vitest';

import type { CatalogueItem } from '../../retail-data.ts';
import { readSite } from '../../site/read-site.ts';
import { siteSourceSchema } from '../../site/source.ts';
import { errorOf, put, temporaryFolder } from '../../testing/fixtures.ts';
import { bertTokenizer, lookupModel, node, textModelFolder, wholeText, WORDS } from '../../testing/text-models.ts';
import type { FeatureSources } from '../feature-source.ts';
import { featurise, fitFeaturiser } from '../featurise.ts';
import { featureDimensions, featuriserFrom } from '../featuriser-tensors.ts';
import type { Featuriser, Modality } from '../featuriser.ts';
import type { ModelSource } from './model-source.ts';

// The real runtime, counted.
vi.mock('@noren/tensor/onnx', { spy: true });

const base = temporaryFolder();
const TEXTS = ['Red shirts', 'coat', '', 'blue red blue red shirt coat'];
const RAW = { kind: 'model', normalise: 'raw', unitLength: false } as const;

function catalogueOf(texts: readonly string[]): CatalogueItem[] {
  return texts.map((text, at) => ({ id: `item ${at}`, text, imagePath: null, price: null }));
}

async function fitted(sources: FeatureSources, texts: readonly string[] = TEXTS): Promise<Featuriser> {
  const featuriser = await fitFeaturiser(catalogueOf(texts), { sources, base, imageDimension: 4 });
  // As a site gets it: out of a backbone's tensors.
  return featuriserFrom(new Map(featuriser.tensors));
}

async function features(source: ModelSource, texts: readonly string[] = TEXTS): Promise<Modality> {
  const sources = { text: source };
  return (await featurise(await fitted(sources, texts), catalogueOf(texts), { sources, base })).text;
}

function rows({ data, dimension, present }: Modality): number[][] {
  return [...present.keys()].map((item) => [...data.subarray(item * dimension, (item + 1) * dimension)]);
}

/** The mean of the numbers of words, computed by hand. */
function mean(words: readonly string[]): number[] {
  return [0, 1].map((k) => words.reduce((sum, word) => sum + WORDS[word]![k]!, 0) / words.length);
}

function near(expected: readonly number[]): unknown[] {
  return expected.map((value) => expect.closeTo(value, 4));
}

const SHIRTS = ['[CLS]', 'red', 'shirt', '##s', '[SEP]'];
const COAT = ['[CLS]', 'coat', '[SEP]'];
const LONG = ['[CLS]', 'blue', 'red', 'blue', 'red', 'shirt', 'coat', '[SEP]'];

describe('a text becomes', () => {
  test('the mean of its tokens, whatever is padded beside them; an item without text has none', async () => {
    const found = await features({ ...RAW, folder: textModelFolder(base, 'mean') });
    expect(rows(found)).toEqual([near(mean(SHIRTS)), near(mean(COAT)), [0, 0], near(mean(LONG))]);
    expect([...found.present]).toEqual([1, 1, 0, 1]);
  });

  test('its first token under "cls"', async () => {
    const found = await features({ ...RAW, folder: textModelFolder(base, 'cls'), pooling: 'cls' });
    expect(rows(found)[3]).toEqual(near(WORDS['[CLS]']!));
  });

  test("the model's own embedding, where it gives one", async () => {
    const model = lookupModel(wholeText('ReduceMax', 'sentence_embedding'));
    const source = { ...RAW, folder: textModelFolder(base, 'own', { 'onnx/model.onnx': model }) };
    const featuriser = await fitted({ text: source }, ['coat']);
    expect(featuriser.encoders.text).toMatchObject({ settings: { pooling: 'model', output: 'sentence_embedding' } });
    expect(rows(await features(source, ['coat']))).toEqual([[...WORDS['coat']!]]);
  });

  test('a vector of length 1 unless the mapping says otherwise, then normalised', async () => {
    const folder = textModelFolder(base, 'unit');
    const raw = rows(await features({ kind: 'model', folder, normalise: 'raw' }));
    for (const item of [0, 1, 3]) expect(Math.hypot(...raw[item]!)).toBeCloseTo(1, 5);
    const unit = rows(await features({ kind: 'model', folder, normalise: 'unit' }));
    for (const item of [0, 1, 3]) expect(Math.hypot(...unit[item]!)).toBeCloseTo(Math.SQRT2, 5);
    const standardised = rows(await features({ kind: 'model', folder }));
    for (const k of [0, 1]) expect([0, 1, 3].reduce((sum, item) => sum + standardised[item]![k]!, 0)).toBeCloseTo(0, 4);
  });

  test('what it is with a prefix before it', async () => {
    const found = await features({ ...RAW, folder: textModelFolder(base, 'prefix'), prefix: 'passage: ' }, ['coat']);
    expect(rows(found)).toEqual([near(mean(['[CLS]', 'passage', ':', 'coat', '[SEP]']))]);
  });

  test.each<[string, Partial<ModelSource>, Record<string, object>]>([
    ['the mapping', { maximumTokens: 4 }, {}],
    ['the tokenizer', {}, { 'tokenizer_config.json': { model_max_length: 4 } }],
    ['the tokenizer’s truncation', {}, { 'tokenizer.json': { ...bertTokenizer(), truncation: { max_length: 4 } } }],
    ['the model', {}, { 'config.json': { model_type: 'bert', max_position_embeddings: 4 } }],
    [
      'a model that counts from the padding',
      {},
      { 'config.json': { model_type: 'roberta', max_position_embeddings: 6, pad_token_id: 1 } },
    ],
  ])('its beginning and the closing token, where %s allows no more', async (name, change, files) => {
    const folder = textModelFolder(base, `cut by ${name}`, files);
    const found = await features({ ...RAW, folder, ...change });
    expect(rows(found)[3]).toEqual(near(mean(['[CLS]', 'blue', 'red', '[SEP]'])));
    expect(rows(found)[1]).toEqual(near(mean(COAT)));
  });
});

describe('a model', () => {
  test('may fix how many texts and tokens it takes, and take int32', async () => {
    const model = lookupModel({ sides: [2, 9], dtype: 'int32' });
    const found = await features({ ...RAW, folder: textModelFolder(base, 'fixed', { 'onnx/model.onnx': model }) });
    expect(rows(found)).toEqual([near(mean(SHIRTS)), near(mean(COAT)), [0, 0], near(mean(LONG))]);
  });

  test('without a mask sees the same padding whatever the neighbours are', async () => {
    const model = lookupModel({ ...wholeText('ReduceMean', 'text_embeds'), inputs: ['input_ids'] });
    const source = { ...RAW, folder: textModelFolder(base, 'maskless', { 'onnx/model.onnx': model }) };
    const padded = [...COAT, ...Array.from({ length: 16 - COAT.length }, () => '[PAD]')];
    expect(rows(await features(source, ['coat']))).toEqual([near(mean(padded))]);
    expect(rows(await features(source))[1]).toEqual(near(mean(padded)));
  });

  test('that rounds activations by the largest of a run is given one text at a time', async () => {
    const nodes = [
      node('DynamicQuantizeLinear', ['rows'], ['rounded', 'scale', 'zero']),
      node('DequantizeLinear', ['rounded', 'scale', 'zero'], 'last_hidden_state'),
    ];
    const model = lookupModel({ nodes });
    const source = { ...RAW, folder: textModelFolder(base, 'quantised', { 'onnx/model.onnx': model }) };
    const alone = rows(await features(source, ['red']));
    expect(alone[0]).not.toEqual(near(mean(['[CLS]', 'red', '[SEP]'])));
    expect(rows(await features(source, ['red', 'coat']))[0]).toEqual(alone[0]);
  });

  test('is found as the mapping names it, or by its usual places', async () => {
    const files = {
      'onnx/model.onnx': lookupModel({ coat: 70 }),
      'model.onnx': lookupModel(),
      'onnx/small.onnx': lookupModel(),
    };
    const folder = textModelFolder(base, 'several', files);
    expect(rows(await features({ ...RAW, folder }, ['coat']))[0]![0]).toBeCloseTo((70 + 2 + 3) / 3, 4);
    expect(rows(await features({ ...RAW, folder, file: 'onnx/small.onnx' }, ['coat']))).toEqual([near(mean(COAT))]);
  });
});

describe('the cache', () => {
  test('keeps vectors by model and text, so that nothing is computed twice', async () => {
    const source = { ...RAW, folder: textModelFolder(base, 'cached') };
    const sources = { text: source };
    const cacheFolder = join(base, 'cache');
    const featuriser = await fitFeaturiser(catalogueOf(TEXTS), { sources, base, cacheFolder });
    const open = vi.mocked(openOnnxModel);
    open.mockClear();
    const { text } = await featurise(featuriser, catalogueOf(TEXTS.toReversed()), { sources, base, cacheFolder });
    expect(open).not.toHaveBeenCalled();
    expect(rows(text).toReversed()).toEqual(rows(await features(source)));
    // The same texts with another prefix are other vectors.
    const prefixed = { text: { ...source, prefix: 'red ' } };
    const other = await fitFeaturiser(catalogueOf(TEXTS), { sources: prefixed, base, cacheFolder });
    const found = await featurise(other, catalogueOf(['coat']), { sources: prefixed, base, cacheFolder });
    expect(rows(found.text)).toEqual([near(mean(['[CLS]', 'red', 'coat', '[SEP]']))]);
  });

  test('lets a run that was cut off go on where it was', async () => {
    const sources = { text: { ...RAW, folder: textModelFolder(base, 'resumed') } };
    const cacheFolder = join(base, 'resumed cache');
    const many = catalogueOf(Array.from({ length: 300 }, (_, at) => `red ${at}`));
    const o = { sources, base, cacheFolder };
    const featuriser = await fitted(sources, []);
    const interrupted = featurise(featuriser, many, {
      ...o,
      onProgress: (done) => {
        if (done > 150) throw new Error('power cut');
      },
    });
    await expect(interrupted).rejects.toThrow('power cut');
    const encode = vi.spyOn(Tokenizer.prototype, 'encode');
    const reports: [number, number, string][] = [];
    await featurise(featuriser, many, { ...o, onProgress: (...report) => reports.push(report) });
    // Texts go to the model by 64, and the first three times were kept; two more look whether the model works.
    expect(encode).toHaveBeenCalledTimes(300 - 192 + 2);
    encode.mockRestore();
    expect(reports.at(-1)).toEqual([300, 300, 'encoding texts']);
  });
});

describe('a site must use the model that the backbone was pretrained with', () => {
  test.each<[string, (folder: string) => FeatureSources['text'], string]>([
    ['another model', () => modelWith('other', { 'onnx/model.onnx': lookupModel({ coat: 8 }) }), 'holds another model'],
    [
      'another tokenizer',
      () => modelWith('word', { 'tokenizer.json': { ...bertTokenizer(), version: '2' } }),
      'another model',
    ],
    ['other weights beside it', () => modelWith('beside', { 'onnx/model.onnx_data': 'x' }), 'holds another model'],
    ['another pooling', (folder) => ({ ...RAW, folder, pooling: 'cls' }), 'headquarters chose another "pooling"'],
    ['another normalisation', (folder) => ({ ...RAW, folder, normalise: 'unit' }), 'chose another "normalise"'],
    ['none', () => undefined, 'the model "agreed" ('],
  ])('%s is refused', async (_, site, what) => {
    const folder = textModelFolder(base, 'agreed');
    const featuriser = await fitted({ text: { ...RAW, folder } });
    const error = await errorOf(featurise(featuriser, catalogueOf(TEXTS), { sources: { text: site(folder) }, base }));
    expect(error).toMatchObject({ name: 'DatasetError', code: 'encoder-mismatch' });
    expect(String(error)).toContain(what);
  });

  test('but its copy may lie elsewhere, and the mapping need not repeat how it is used', async () => {
    const source: ModelSource = {
      ...RAW,
      folder: textModelFolder(base, 'here'),
      prefix: 'passage: ',
      maximumTokens: 5,
    };
    const featuriser = await fitted({ text: source });
    expect(featureDimensions(featuriser).text).toBe(2);
    const there: FeatureSources = { text: { kind: 'model', folder: textModelFolder(base, 'elsewhere/copy') } };
    const { text } = await featurise(featuriser, catalogueOf(['coat']), { sources: there, base });
    expect(rows(text)).toEqual([near(mean(['[CLS]', 'passage', ':', 'coat', '[SEP]']))]);
    const none = await featurise(featuriser, catalogueOf(['coat']), { sources: { text: { kind: 'none' } }, base });
    expect([...none.text.present]).toEqual([0]);
  });

  function modelWith(name: string, files: Record<string, Uint8Array | object | string>): ModelSource {
    return { ...RAW, folder: textModelFolder(base, name, files) };
  }
});

describe('a folder that cannot be used is refused when the site is read', () => {
  const wide = { name: 'last_hidden_state', shape: ['batch', 'tokens', 2], dtype: 'float32' } as const;
  const nothing = [node('Sub', ['rows', 'rows'], 'zero'), node('Div', ['zero', 'zero'], 'last_hidden_state')];

  test.each<[string, Record<string, Uint8Array | object | string | null>, Partial<ModelSource>, string, string]>([
    ['no folder', {}, { folder: 'nowhere' }, 'file-missing', 'the folder does not exist'],
    ['no tokenizer', { 'tokenizer.json': null }, {}, 'file-missing', "the model's tokenizer.json is missing"],
    ['no config', { 'config.json': null }, {}, 'file-missing', "the model's config.json is missing"],
    ['no model', { 'onnx/model.onnx': null }, {}, 'file-missing', 'onnx/model.onnx or model.onnx is missing'],
    ['no such model', {}, { file: 'onnx/q.onnx' }, 'file-missing', "the model's onnx/q.onnx is missing"],
    ['no JSON', { 'tokenizer.json': '{' }, {}, 'model-invalid', 'it is no JSON (no JSON/tokenizer.json)'],
    [
      'no vocabulary',
      { 'tokenizer.json': { model: { type: 'WordPiece' } } },
      {},
      'model-invalid',
      'it is no tokenizer',
    ],
    ['another tokenizer', { 'tokenizer.json': { model: 1 } }, {}, 'model-invalid', 'model: '],
    [
      'a torn model',
      { 'onnx/model.onnx': lookupModel().subarray(0, 99) },
      {},
      'model-invalid',
      'cannot open the model',
    ],
    [
      'a model of images',
      { 'onnx/model.onnx': lookupModel({ inputs: ['input_ids', 'pixel_values'] }) },
      {},
      'model-invalid',
      'it wants the input "pixel_values", which a text does not give',
    ],
    ['no such output', {}, { output: 'pooled' }, 'model-invalid', 'no output "pooled", but "last_hidden_state"'],
    [
      'whole numbers',
      {
        'onnx/model.onnx': lookupModel({
          outputs: [{ ...wide, dtype: 'int64' }],
          nodes: [node('Cast', ['rows'], 'last_hidden_state', { to: { kind: 'integer', value: 7 } })],
        }),
      },
      {},
      'model-invalid',
      'its output "last_hidden_state" holds int64, not float32',
    ],
    ['no vector of the whole', {}, { pooling: 'model' }, 'model-invalid', 'which "model" cannot be made of'],
    [
      'another number of texts',
      { 'onnx/model.onnx': lookupModel({ ...wholeText('ReduceMean', 'text_embeds') }) },
      { pooling: 'mean' },
      'model-invalid',
      'which "mean" cannot be made of',
    ],
  ])('%s', async (name, files, change, code, what) => {
    put(base, 'catalogue.csv', 'item,text\ntea,red shirt\nrice,secret coat\n');
    put(base, 'sales.csv', 'customer,item,time\nx,tea,2024-01-01\nx,rice,2024-01-02\n');
    const text: ModelSource = { kind: 'model', folder: textModelFolder(base, name, files), ...change };
    const mapping = {
      catalogue: { file: 'catalogue.csv', columns: { item: 'item', text: ['text'] } },
      interactions: { file: 'sales.csv', columns: { customer: 'customer', item: 'item', time: 'time' } },
      features: { text },
      minimumSequence: 1,
    };
    const error = await errorOf(readSite(mapping, base));
    expect(error).toMatchObject({ name: 'DatasetError', code });
    expect(String(error)).toContain(what);
    expect(String(error)).not.toContain('secret');
    expect(await errorOf(fitted({ text }))).toMatchObject({ code });
  });

  test('so is one whose numbers are not finite, when they are made', async () => {
    const model = lookupModel({ nodes: nothing });
    const folder = textModelFolder(base, 'nothing', { 'onnx/model.onnx': model });
    const error = await errorOf(fitted({ text: { kind: 'model', folder } }));
    expect(error).toMatchObject({ code: 'model-invalid' });
    expect(String(error)).toContain('not finite');
  });

  test.each([
    ['a file outside the folder', { file: '../model.onnx' }],
    ['an absolute file', { file: '/srv/model.onnx' }],
    ['no ONNX file', { file: 'model.safetensors' }],
    ['an unknown pooling', { pooling: 'last' }],
    ['more tokens than are read', { maximumTokens: 100_000 }],
    ['a long prefix', { prefix: 'x'.repeat(65) }],
    ['an unknown field', { url: 'https://example.org' }],
  ])('%s in a mapping', (_, change) => {
    const mapping = (features: object): object => ({
      catalogue: { file: 'catalogue.csv', columns: { item: 'item', text: ['text'] } },
      interactions: { file: 'sales.csv', columns: { customer: 'customer', item: 'item', time: 'time' } },
      features,
    });
    expect(siteSourceSchema.safeParse(mapping({ text: { kind: 'model', folder: 'm' } })).success).toBe(true);
    expect(siteSourceSchema.safeParse(mapping({ text: { kind: 'model', folder: 'm', ...change } })).success).toBe(
      false,
    );
  });
});

test('a model that changes makes what was read of a site out of date', async () => {
  const { sourceFiles } = await import('../../site/source-files.ts');
  const folder = textModelFolder(base, 'changing');
  const files = sourceFiles(
    siteSourceSchema.parse({
      catalogue: { file: 'c.csv', columns: { item: 'i', text: ['t'] } },
      interactions: { file: 's.csv', columns: { customer: 'c', item: 'i', time: 't' } },
      features: { text: { kind: 'model', folder } },
    }),
    base,
  );
  for (const file of ['onnx/model.onnx', 'tokenizer.json']) expect(files).toContain(join(base, folder, file));
  const before = (await fitted({ text: { ...RAW, folder } })).encoders.text;
  appendFileSync(join(base, folder, 'tokenizer.json'), ' ');
  expect((await fitted({ text: { ...RAW, folder } })).encoders.text).not.toEqual(before);
});
