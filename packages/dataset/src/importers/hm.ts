import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { PaidPrices } from '../paid-prices.ts';
import { seededShare } from '../random.ts';
import type { CatalogueItem, FederationData, Progress } from '../retail-data.ts';
import { divideShops } from './divide-shops.ts';
import { Shop } from './shop.ts';
import { siteId } from './site-id.ts';
import { findUpstreamFiles, upstreamRows } from './upstream.ts';

const HEADQUARTERS_SHARE = 0.4;
/** Fixed, so that everybody who imports the dataset divides it in the same way. */
const DIVISION_SEED = 1;

const TEXT_COLUMNS = [
  'prod_name',
  'product_type_name',
  'graphical_appearance_name',
  'colour_group_name',
  'department_name',
  'section_name',
  'garment_group_name',
  'detail_desc',
] as const;
const ARTICLE_COLUMNS = ['article_id', 'index_group_name', ...TEXT_COLUMNS] as const;
const TRANSACTION_COLUMNS = ['t_dat', 'customer_id', 'article_id', 'price'] as const;

/**
 * H&M Personalized Fashion Recommendations (Kaggle 2022). Headquarters gets 40 % of the customers, with everything
 * they bought; the purchases of the others belong to the five brand lines (`index_group_name`). A line that is named
 * headquarters is it with all its purchases, and the other lines are sites with all of theirs.
 *
 * An item is an article (one colour of a product), not a product: picture, text and price belong to the article. On
 * this data the product level is denser (1.5 instead of 1.0 purchases an item, 38 % instead of 62 % of the lines' test
 * targets never bought before), but it mixes colours into one picture, and the nearest text finds less of what is
 * bought next (HR@10 0.040 instead of 0.067 in Ladieswear): at the article level content decides, which is what a model
 * without item identities is for. Item price = median price paid by all customers (Kaggle's scaled unit).
 */
export async function importHm(
  folder: string,
  onProgress: Progress,
  headquartersLine?: string,
): Promise<FederationData> {
  const files = await findUpstreamFiles('H&M', folder, ['articles.csv', 'transactions_train.csv']);
  const articles = await readArticles(files['articles.csv'], await listImages(join(resolve(folder), 'images')));
  const headquarters = new Shop();
  const lines = new Map<string, Shop>();
  for (const [id, { line }] of articles) shopOf(lines, line).stock(id);

  const numbers = new Map([...articles.keys()].map((id, number) => [id, number]));
  const paid = new PaidPrices();
  let rows = 0;
  for await (const chunk of upstreamRows(files['transactions_train.csv'], TRANSACTION_COLUMNS, { t_dat: 'time' })) {
    for (let row = 0; row < chunk.rows; row++) {
      const customer = chunk.text('customer_id', row);
      const id = chunk.text('article_id', row);
      const time = chunk.number('t_dat', row);
      const price = chunk.number('price', row);
      const article = articles.get(id);
      const isHeadquarters =
        headquartersLine === undefined && seededShare(DIVISION_SEED, 'headquarters', customer) < HEADQUARTERS_SHARE;
      const shop = isHeadquarters || article === undefined ? headquarters : shopOf(lines, article.line);
      if (article === undefined) shop.drop('unknown-item', 'the article is not in articles.csv');
      else if (customer === '') shop.drop('no-customer', 'no customer');
      else if (time === null) shop.drop('bad-time', 'no time');
      else {
        shop.buy(customer, id, time, null);
        if (price !== null && price >= 0) paid.add(numbers.get(id) ?? -1, price);
      }
    }
    rows += chunk.rows;
    onProgress(rows, rows, 'reading purchases');
  }

  const describe = (id: string): Omit<CatalogueItem, 'id'> => {
    const article = articles.get(id);
    return {
      text: article?.text ?? '',
      imagePath: article?.imagePath ?? null,
      price: paid.median(numbers.get(id) ?? -1),
    };
  };
  const sorted = [...lines].sort(([a], [b]) => (a < b ? -1 : 1));
  if (headquartersLine !== undefined) {
    const shops = sorted.map(([name, shop]) => ({ name, data: shop.close(describe) }));
    return divideShops(shops, headquartersLine, 'brand line');
  }
  return {
    headquarters: headquarters.close(describe),
    sites: sorted.map(([line, shop]) => ({ id: siteId(line), name: line, data: shop.close(describe) })),
    note:
      `A fixed hash of the customer gives ${HEADQUARTERS_SHARE * 100} % of the customers to headquarters, whose ` +
      `catalogue is the articles they bought. The purchases of the others belong to the brand line of the article, ` +
      `so a customer of several lines appears at several sites; a line's catalogue is all its articles.`,
  };
}

interface Article {
  readonly line: string;
  readonly text: string;
  readonly imagePath: string | null;
}

async function readArticles(path: string, images: ReadonlyMap<string, string>): Promise<Map<string, Article>> {
  const articles = new Map<string, Article>();
  for await (const chunk of upstreamRows(path, ARTICLE_COLUMNS)) {
    for (let row = 0; row < chunk.rows; row++) {
      const id = chunk.text('article_id', row);
      articles.set(id, {
        line: chunk.text('index_group_name', row),
        text: TEXT_COLUMNS.map((column) => chunk.text(column, row))
          .filter((text) => text !== '')
          .join('. '),
        imagePath: images.get(id) ?? null,
      });
    }
  }
  return articles;
}

/** Images lie at `images/<first three digits>/<article_id>.jpg`; some articles have none, or the folder is not there. */
async function listImages(folder: string): Promise<Map<string, string>> {
  const images = new Map<string, string>();
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    for (const file of await readdir(join(folder, entry.name)))
      if (file.endsWith('.jpg')) images.set(file.slice(0, -'.jpg'.length), join(folder, entry.name, file));
  }
  return images;
}

function shopOf(lines: Map<string, Shop>, line: string): Shop {
  const shop = lines.get(line) ?? new Shop();
  lines.set(line, shop);
  return shop;
}
