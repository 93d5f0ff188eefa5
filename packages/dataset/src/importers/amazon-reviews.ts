import { join } from 'node:path';

import { DatasetError } from '../errors.ts';
import type { CatalogueItem, FederationData, Progress, RetailData } from '../retail-data.ts';
import { LONGEST_TEXT } from '../site/cells.ts';
import { amazonPrice, amazonTexts, type AmazonLayout } from './amazon-layouts.ts';
import { divideShops, type NamedShop } from './divide-shops.ts';
import { Shop } from './shop.ts';
import { listTwoLevels, wrongFolder } from './upstream-folder.ts';
import { upstreamRows } from './upstream.ts';

/**
 * Amazon Reviews: each category in the folder (or in folders right below it) is a shop, a review a purchase. A shop's
 * catalogue is what was reviewed and has metadata; a price range counts as its middle. Pictures lie on the web and are
 * not fetched.
 */
export async function importAmazonReviews(
  layout: AmazonLayout,
  folder: string,
  onProgress: Progress,
  headquarters?: string,
): Promise<FederationData> {
  const files = await listTwoLevels(folder);
  const categories = categoriesAmong(files ?? [], layout);
  if (files === null || categories.length === 0) throw wrongFolder(layout.title, folder, layout.example, files);
  const shops: NamedShop[] = [];
  for (const { name, reviews, meta } of categories)
    shops.push({ name, data: await readCategory(layout, join(folder, reviews), join(folder, meta), onProgress) });
  return divideShops(shops, headquarters, 'category');
}

interface Category {
  readonly name: string;
  readonly reviews: string;
  readonly meta: string;
}

/** Pairs `meta_<Category>` with `<Category>`, or with its 5-core `<Category>_5`. */
function categoriesAmong(files: readonly string[], { extension }: AmazonLayout): Category[] {
  const nameOf = (file: string): string | null => {
    const bare = file.split(/[\\/]/).at(-1) ?? '';
    return extension.test(bare) ? bare.replace(extension, '') : null;
  };
  const reviews = new Map<string, string>();
  for (const file of files) {
    const name = nameOf(file)?.replace(/^reviews_/, '');
    if (name !== undefined && !name.startsWith('meta_')) reviews.set(name.replace(/_5$/, ''), file);
  }
  return files.flatMap((meta) => {
    const name = /^meta_(.+)$/.exec(nameOf(meta) ?? '')?.[1];
    const reviewed = name === undefined ? undefined : reviews.get(name);
    return name === undefined || reviewed === undefined ? [] : [{ name, reviews: reviewed, meta }];
  });
}

type Described = Required<Pick<CatalogueItem, 'text' | 'price'>> & { readonly category?: string };

async function readCategory(
  layout: AmazonLayout,
  reviews: string,
  meta: string,
  onProgress: Progress,
): Promise<RetailData> {
  // Metadata lists far more than was ever reviewed; texts of the others would only fill the memory.
  const items = await readMeta(layout, meta, await reviewedItems(layout, reviews));
  const { customer, item, time } = layout.review;
  const shop = new Shop();
  let rows = 0;
  for await (const chunk of upstreamRows(reviews, [customer, item, time], { [time]: layout.timeKind })) {
    for (let row = 0; row < chunk.rows; row++) {
      const reviewer = chunk.text(customer, row);
      const id = chunk.text(item, row);
      const at = chunk.number(time, row);
      if (reviewer === '') shop.drop('no-customer', 'no reviewer');
      else if (id === '') shop.drop('no-item', 'no product');
      else if (at === null) shop.drop('bad-time', 'no time');
      else if (!items.has(id)) shop.drop('unknown-item', 'the product has no metadata');
      else shop.buy(reviewer, id, at, null);
    }
    rows += chunk.rows;
    onProgress(rows, rows, 'reading reviews');
  }
  return shop.close((id) => {
    const { text, price, category } = items.get(id) ?? { text: '', price: null };
    return {
      text,
      imagePath: null,
      price,
      currency: 'USD',
      ...(category === undefined ? {} : { category }),
    };
  });
}

async function reviewedItems({ review: { item } }: AmazonLayout, reviews: string): Promise<Set<string>> {
  const items = new Set<string>();
  for await (const chunk of upstreamRows(reviews, [item]))
    for (let row = 0; row < chunk.rows; row++) items.add(chunk.text(item, row));
  items.delete('');
  if (items.size === 0)
    throw new DatasetError(
      'column-missing',
      `no review has the field "${item}"`,
      { file: reviews.split(/[\\/]/).at(-1) ?? reviews },
      'Is it of another year? The releases of 2018 and 2023 name their fields differently',
    );
  return items;
}

/** The first of several descriptions of a product counts. */
async function readMeta(
  { meta }: AmazonLayout,
  path: string,
  wanted: ReadonlySet<string>,
): Promise<Map<string, Described>> {
  const items = new Map<string, Described>();
  for await (const chunk of upstreamRows(path, [meta.item, ...meta.text, meta.category, meta.price])) {
    for (let row = 0; row < chunk.rows; row++) {
      const id = chunk.text(meta.item, row);
      if (!wanted.has(id) || items.has(id)) continue;
      const text = meta.text.flatMap((field) => amazonTexts(chunk.text(field, row))).join('. ');
      // The first level is the same for the whole file.
      const levels = amazonTexts(chunk.text(meta.category, row));
      const category = levels[1] ?? levels[0];
      items.set(id, {
        text: text.slice(0, LONGEST_TEXT),
        price: amazonPrice(chunk.text(meta.price, row)),
        ...(category === undefined ? {} : { category: category.slice(0, 256) }),
      });
    }
  }
  return items;
}
