import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { DatasetError } from '../errors.ts';
import { InteractionLog } from '../interaction-log.ts';
import { ReadingCounts } from '../reading-counts.ts';
import { reportOf } from '../report.ts';
import type { CatalogueItem, FeatureFiles, FederationData, Progress, RetailData } from '../retail-data.ts';
import { atomicRows } from './atomic-file.ts';
import { divideShops, type NamedShop } from './divide-shops.ts';
import { textLines } from './text-lines.ts';
import { readWholeSequences } from './unisrec-sequences.ts';
import { listTwoLevels, wrongFolder } from './upstream-folder.ts';

const DAY = 86_400_000;
/** UniSRec's suffixes: 1 is text, 3 is what its multimodal successors add for images. */
const FEATURES = [
  { modality: 'text', suffix: '.feat1CLS' },
  { modality: 'image', suffix: '.feat3CLS' },
] as const;

/**
 * UniSRec's "atomic files" (Hou et al., KDD 2022): one domain for each prefix, `<Domain>.train.inter` and so on, in the
 * folder or in folders right below it. Each domain is a shop.
 */
export async function importUnisrec(
  folder: string,
  onProgress: Progress,
  headquarters?: string,
): Promise<FederationData> {
  const files = await listTwoLevels(folder);
  const prefixes = (files ?? [])
    .filter((file) => file.endsWith(SUFFIXES.train))
    .map((file) => file.slice(0, -SUFFIXES.train.length));
  if (files === null || prefixes.length === 0)
    throw wrongFolder(
      'UniSRec',
      folder,
      Object.values(SUFFIXES)
        .map((suffix) => `<domain>${suffix}`)
        .join(', '),
      files,
    );
  const shops: NamedShop[] = [];
  for (const [number, prefix] of prefixes.entries()) {
    onProgress(number, prefixes.length, 'reading domains');
    shops.push({ name: basename(prefix), data: await readUnisrecDomain(join(folder, prefix)) });
  }
  return divideShops(shops, headquarters, 'domain');
}

const SUFFIXES = {
  train: '.train.inter',
  valid: '.valid.inter',
  test: '.test.inter',
  text: '.text',
  items: '.item2index',
} as const;

/**
 * One domain, undivided. `prefix` is the path of its files without their suffixes. The rows of train, valid and test are
 * put together to whole sequences, repeats included, so that `splitSequences` holds out the very items upstream holds
 * out. The catalogue is in the order of `.item2index`, which is that of the rows of the feature files. The times say
 * nothing but the order: a purchase a day.
 */
export async function readUnisrecDomain(prefix: string): Promise<RetailData> {
  const items = await readIndex(`${prefix}${SUFFIXES.items}`);
  const users = (await exists(`${prefix}.user2index`)) ? await readIndex(`${prefix}.user2index`) : null;
  const texts = new Map<string, string>();
  const textFile = `${prefix}${SUFFIXES.text}`;
  for await (const { cells } of atomicRows(textFile, basename(textFile), ['item_id', 'text']))
    texts.set(cells.item_id, cells.text);
  const catalogue = items.map((id): CatalogueItem => ({ id, text: texts.get(id) ?? '', imagePath: null, price: null }));

  const log = new InteractionLog();
  for (const [user, sequence] of await readWholeSequences(prefix, items.length)) {
    const customer = users?.[user] ?? String(user);
    for (const [place, item] of sequence.entries()) log.add(customer, item, Date.UTC(2000, 0, 1) + place * DAY);
  }
  const counts = new ReadingCounts();
  const sequences = log.sequences({ repeats: 'keep', minimumSequence: 1 }, counts);
  return {
    catalogue,
    sequences,
    report: reportOf({ catalogue, sequences, rowsRead: log.length, counts, orderOnly: true }),
    featureFiles: await featureFiles(prefix, items),
  };
}

/** `<name><TAB><index>` in any order, the indices 0 .. n-1. Returns the name of each index. */
async function readIndex(path: string): Promise<string[]> {
  const label = basename(path);
  const names: string[] = [];
  let lines = 0;
  for await (const line of textLines(path, label)) {
    if (line === '') continue;
    lines++;
    const [name = '', index = ''] = line.split('\t');
    const at = /^\d{1,9}$/.test(index) ? Number(index) : -1;
    if (at < 0 || name === '' || names[at] !== undefined)
      throw new DatasetError(
        'row-malformed',
        'the line is not a name, a tab and an index of its own',
        { file: label, line: lines },
        'Take the file as upstream writes it',
      );
    names[at] = name;
  }
  if (names.length !== lines || lines === 0)
    throw new DatasetError(
      'file-unreadable',
      `the ${lines} indices are not the numbers from 0 on`,
      { file: label },
      'Take the file as upstream writes it',
    );
  return names;
}

async function featureFiles(prefix: string, items: readonly string[]): Promise<FeatureFiles> {
  const files: FeatureFiles['files'][number][] = [];
  for (const { modality, suffix } of FEATURES) {
    const path = resolve(`${prefix}${suffix}`);
    const found = await stat(path).catch(() => null);
    if (found === null) continue;
    const dimension = found.size / Float32Array.BYTES_PER_ELEMENT / items.length;
    if (!Number.isInteger(dimension) || dimension === 0)
      throw new DatasetError(
        'file-unreadable',
        `${found.size} bytes are not whole rows of float32 for ${items.length} items`,
        { file: basename(path) },
        'Take the features that belong to this item2index',
      );
    files.push({ modality, encoder: `UniSRec ${suffix.slice(1)}`, path, dimension });
  }
  return { items, files };
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
