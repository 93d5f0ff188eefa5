import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { FeatureSource } from '../features/feature-source.ts';
import { featurise, fitFeaturiser } from '../features/featurise.ts';
import type { RetailData } from '../retail-data.ts';
import { readSite } from '../site/read-site.ts';
import { writeSite } from '../site/write-site.ts';
import { splitSequences } from '../split.ts';
import { errorOf, put, temporaryFolder } from '../testing/fixtures.ts';
import { realData } from '../testing/real-data.ts';
import { importFederation } from './import-federation.ts';
import { readUnisrecDomain } from './unisrec.ts';

const HEADER = 'user_id:token\titem_id_list:token_seq\titem_id:token';

/** Sequences of item numbers as upstream writes them: one row a target, the newest first, histories cut to the last `longest`. */
function write(folder: string, domain: string, sequences: readonly (readonly number[])[], longest = 50): string {
  const row = (user: number, sequence: readonly number[], target: number): string =>
    `${user}\t${sequence.slice(0, target).slice(-longest).join(' ')}\t${sequence[target]}`;
  const rows = { train: [HEADER], valid: [HEADER], test: [HEADER] };
  for (const [user, sequence] of sequences.entries()) {
    for (let target = sequence.length - 3; target >= 1; target--) rows.train.push(row(user, sequence, target));
    rows.valid.push(row(user, sequence, sequence.length - 2));
    rows.test.push(row(user, sequence, sequence.length - 1));
  }
  for (const [part, lines] of Object.entries(rows)) put(folder, `${domain}.${part}.inter`, `${lines.join('\n')}\n`);
  const items = [...new Set(sequences.flat())].sort((a, b) => a - b);
  put(folder, `${domain}.item2index`, items.map((item) => `B0${item}\t${item}\n`).join(''));
  put(folder, `${domain}.user2index`, sequences.map((_, user) => `A${user}\t${user}\n`).join(''));
  const texts = items.map((item) => `B0${item}\tThe "best" item ${item}, 5" wide\n`).reverse();
  put(folder, `${domain}.text`, `item_id:token\ttext:token_seq\n${texts.join('')}`);
  return `${folder}/${domain}`;
}

function sequencesOf({ sequences }: RetailData): Record<string, number[]> {
  return Object.fromEntries(
    sequences.customers.map((customer, at) => [
      customer,
      [...sequences.items.subarray(sequences.offsets[at], sequences.offsets[at + 1])],
    ]),
  );
}

test('train, valid and test rows become whole sequences that split as upstream split them', async () => {
  const prefix = write(temporaryFolder(), 'Tools', [
    [0, 1, 2, 3],
    [2, 0, 2],
  ]);
  const data = await readUnisrecDomain(prefix);
  expect(sequencesOf(data)).toEqual({ A0: [0, 1, 2, 3], A1: [2, 0, 2] });
  expect(data.catalogue[1]).toEqual({ id: 'B01', text: 'The "best" item 1, 5" wide', imagePath: null, price: null });
  const { validationItems, testItems } = splitSequences(data.sequences);
  expect([...validationItems, ...testItems]).toEqual([2, 0, 3, 2]);
  expect(data.report, 'the times are only an order').toMatchObject({ firstAt: null, lastAt: null, rowsKept: 7 });
});

test('sequences longer than the histories upstream keeps come out whole', async () => {
  const folder = temporaryFolder();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.nat(9), { minLength: 3, maxLength: 14 }), { minLength: 1, maxLength: 3 }),
      async (drawn) => {
        // Two items alternating would look alike in every window; each sequence starts with items of its own.
        const sequences = drawn.map((sequence) => sequence.map((item, at) => (at % 2 === 0 ? 10 + at : item)));
        const all = [Array.from({ length: 24 }, (_, item) => item), ...sequences];
        const data = await readUnisrecDomain(write(folder, 'Long', all, 4));
        expect(Object.values(sequencesOf(data))).toEqual(all);
      },
    ),
    { numRuns: 15 },
  );
});

test('feature files are named with their item order and width, and are not read', async () => {
  const folder = temporaryFolder();
  const prefix = write(folder, 'Tools', [[0, 1, 2]]);
  put(folder, 'Tools.feat1CLS', new Uint8Array(3 * 5 * 4));
  put(folder, 'Tools.feat3CLS', new Uint8Array(3 * 2 * 4));
  const { featureFiles } = await readUnisrecDomain(prefix);
  expect(featureFiles).toEqual({
    items: ['B00', 'B01', 'B02'],
    files: [
      { modality: 'text', encoder: 'UniSRec feat1CLS', path: `${prefix}.feat1CLS`, dimension: 5 },
      { modality: 'image', encoder: 'UniSRec feat3CLS', path: `${prefix}.feat3CLS`, dimension: 2 },
    ],
  });
  put(folder, 'Tools.feat1CLS', new Uint8Array(13));
  expect(await errorOf(readUnisrecDomain(prefix))).toMatchObject({ code: 'file-unreadable' });
});

test('a site that is written out has the features of its items', async () => {
  const folder = temporaryFolder();
  const prefix = write(folder, 'Tools', [[0, 1, 2]]);
  put(folder, 'Tools.feat1CLS', new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer));
  const data = await readUnisrecDomain(prefix);
  const source = await writeSite(`${folder}/written`, data);
  const { catalogue, report } = await readSite(source, `${folder}/written`);
  expect(report).toMatchObject({ itemsWithoutText: 0, itemsWithoutImage: 3 });
  const sources = source.features;
  const featuriser = await fitFeaturiser(catalogue, {
    sources: { text: { ...sources?.text, normalise: 'raw' } as FeatureSource },
  });
  const { text } = await featurise(featuriser, catalogue, { sources });
  expect([...text.data]).toEqual([1, 2, 3, 4, 5, 6]);
});

test('features that only some domains have, or of another width, are left aside', async () => {
  const folder = temporaryFolder();
  for (const [domain, width] of [
    ['Tools', 2],
    ['Arts', 2],
    ['Pets', 3],
  ] as const) {
    write(folder, domain, [[0, 1, 2]]);
    put(folder, `${domain}.feat1CLS`, new Uint8Array(3 * 4 * width));
  }
  const mixed = await importFederation('unisrec', folder);
  expect(mixed.headquarters.featureFiles).toBeUndefined();
  put(folder, 'Pets.feat1CLS', new Uint8Array(3 * 4 * 2));
  const equal = await importFederation('unisrec', folder);
  for (const { data } of equal.sites)
    expect(data.featureFiles?.files).toMatchObject([{ modality: 'text', dimension: 2 }]);
});

test('the largest domain is headquarters and the others are sites, unless another is named', async () => {
  const folder = temporaryFolder();
  write(folder, 'Tools', [[0, 1, 2]]);
  write(folder, 'Office', [[0, 1, 2, 3]]);
  write(`${folder}/Arts`, 'Arts', [[0, 1, 2]]);
  const { headquarters, sites, note } = await importFederation('unisrec', folder);
  expect(headquarters.report.rowsKept).toBe(4);
  expect(sites.map(({ id }) => id)).toEqual(['arts', 'tools']);
  expect(note).toContain('Office is headquarters');
  const named = await importFederation('unisrec', folder, { headquarters: 'Arts' });
  expect(named.sites.map(({ name }) => name)).toEqual(['Office', 'Tools']);
  expect(await errorOf(importFederation('unisrec', folder, { headquarters: 'Pets' }))).toMatchObject({
    message: expect.stringContaining('Arts, Office, Tools') as unknown,
  });
});

test('a single domain is dealt out by customer: 40 % to headquarters, the rest to three sites alike', async () => {
  const folder = temporaryFolder();
  write(
    folder,
    'Tools',
    Array.from({ length: 400 }, () => [0, 1, 2]),
  );
  const { headquarters, sites, note } = await importFederation('unisrec', folder);
  const shares = [headquarters, ...sites.map(({ data }) => data)].map(({ report }) => report.customers / 400);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
  // Four standard deviations of a binomial with 400 draws.
  for (const [at, expected] of [0.4, 0.2, 0.2, 0.2].entries())
    expect(Math.abs((shares[at] ?? 0) - expected)).toBeLessThan(0.1);
  expect(note).toContain('by chance only');
});

test.each([
  ['valid', `${HEADER}\n0\t0 2\t2\n`, 'no beginning'],
  ['train', `${HEADER}\n0\t1\t1\n`, 'no beginning'],
  ['train', `${HEADER}\n7\t1\t1\n`, 'no such user'],
  ['test', `${HEADER}\n0\t0 1 99\t3\n`, 'numbers of user2index'],
  ['test', 'user_id:token\titem_id:token\n', 'item_id_list'],
])('a %s file that does not belong to the others is refused', async (part, content, what) => {
  const folder = temporaryFolder();
  const prefix = write(folder, 'Tools', [[0, 1, 2, 3]]);
  put(folder, `Tools.${part}.inter`, content);
  const error = await errorOf(readUnisrecDomain(prefix));
  expect(error).toMatchObject({ name: 'DatasetError', place: { file: `Tools.${part}.inter` } });
  expect((error as Error).message).toContain(what);
});

test('a folder without atomic files is answered with what is expected', async () => {
  const folder = temporaryFolder();
  put(folder, 'readme.txt', 'x');
  const error = await errorOf(importFederation('unisrec', folder));
  expect((error as Error).message).toContain('<domain>.train.inter');
  expect((error as Error).message).toContain('readme.txt');
});

const real = realData('amazon-scientific-clip');
test.skipIf(real.isMissing)(
  `Amazon Scientific splits as upstream's test file says (needs ${real.folder})`,
  async () => {
    const { catalogue, sequences, featureFiles } = await readUnisrecDomain(`${real.folder}/Scientific`);
    expect([sequences.customers.length, catalogue.length, sequences.items.length]).toEqual([2928, 1585, 19_712]);
    expect(catalogue.every(({ text }) => text !== '')).toBe(true);
    expect(featureFiles?.files.map(({ modality, dimension }) => [modality, dimension])).toEqual([
      ['text', 512],
      ['image', 512],
    ]);
    // First and last rows of the test file: user 0 ends with item 4 after 3.
    const { testItems, validationItems } = splitSequences(sequences);
    expect([testItems[0], validationItems[0], testItems[1], testItems[2]]).toEqual([4, 3, 15, 26]);
  },
);
