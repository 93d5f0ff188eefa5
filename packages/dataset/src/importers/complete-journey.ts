import type { FederationData, Progress } from '../retail-data.ts';
import { Shop } from './shop.ts';
import { siteId } from './site-id.ts';
import { findUpstreamFiles, upstreamRows } from './upstream.ts';

const SITES = 40;
/** Fuel is sold by volume, coupons and gift cards are money: none of them is an article one could recommend. */
const NO_PRODUCTS = new Set(['FUEL', 'COUPON/MISC ITEMS', 'COUPONS/STORE & MFG']);

const PRODUCT_COLUMNS = [
  'product_id',
  'department',
  'brand',
  'product_category',
  'product_type',
  'package_size',
] as const;
const TRANSACTION_COLUMNS = [
  'household_id',
  'store_id',
  'product_id',
  'quantity',
  'sales_value',
  'retail_disc',
  'coupon_match_disc',
  'transaction_timestamp',
] as const;

/**
 * dunnhumby Complete Journey. The 40 stores with most rows are sites, all other stores together headquarters. Item
 * price = median shelf unit price in that shop: (sales_value + retail_disc + coupon_match_disc) / quantity.
 */
export async function importCompleteJourney(folder: string, onProgress: Progress): Promise<FederationData> {
  const files = await findUpstreamFiles('Complete Journey', folder, ['products.csv', 'transactions.csv']);
  const products = await readProducts(files['products.csv']);
  const largest = await largestStores(files['transactions.csv']);
  const headquarters = new Shop();
  const shops = new Map(largest.map((store) => [store, new Shop()]));

  let rows = 0;
  for await (const chunk of upstreamRows(files['transactions.csv'], TRANSACTION_COLUMNS, {
    transaction_timestamp: 'time',
  })) {
    for (let row = 0; row < chunk.rows; row++) {
      const shop = shops.get(chunk.text('store_id', row)) ?? headquarters;
      const household = chunk.text('household_id', row);
      const id = chunk.text('product_id', row);
      const product = products.get(id);
      const time = chunk.number('transaction_timestamp', row);
      const quantity = chunk.number('quantity', row) ?? 0;
      if (product === undefined) shop.drop('unknown-item', 'the product is not in products.csv');
      else if (!product.isProduct) shop.drop('not-a-product', 'not a product: fuel, coupon, gift card');
      else if (household === '') shop.drop('no-customer', 'no household');
      else if (time === null) shop.drop('bad-time', 'no time');
      else if (quantity <= 0) shop.drop('bad-quantity', 'no quantity');
      else {
        const paid =
          (chunk.number('sales_value', row) ?? 0) +
          (chunk.number('retail_disc', row) ?? 0) +
          (chunk.number('coupon_match_disc', row) ?? 0);
        shop.buy(household, id, time, paid > 0 ? paid / quantity : null);
      }
    }
    rows += chunk.rows;
    onProgress(rows, rows, 'reading baskets');
  }

  const describe = (id: string): { text: string; imagePath: null } => ({
    text: products.get(id)?.text ?? '',
    imagePath: null,
  });
  return {
    headquarters: headquarters.close(describe),
    sites: largest.map((store) => ({
      id: siteId(`store-${store}`),
      name: `Store ${store}`,
      data: (shops.get(store) ?? new Shop()).close(describe),
    })),
    note:
      `The ${largest.length} stores with most rows are sites; all other stores together are headquarters. ` +
      `Fuel, coupons, gift cards and products unknown to products.csv are left out and counted.`,
  };
}

interface Product {
  readonly text: string;
  readonly isProduct: boolean;
}

async function readProducts(path: string): Promise<Map<string, Product>> {
  const products = new Map<string, Product>();
  for await (const chunk of upstreamRows(path, PRODUCT_COLUMNS)) {
    for (let row = 0; row < chunk.rows; row++) {
      const described = (['product_type', 'product_category', 'department', 'brand', 'package_size'] as const)
        .map((column) => chunk.text(column, row))
        .filter((text) => text !== '');
      products.set(chunk.text('product_id', row), {
        text: described.join('. '),
        isProduct: !NO_PRODUCTS.has(chunk.text('product_category', row)) && chunk.text('department', row) !== 'FUEL',
      });
    }
  }
  return products;
}

/** Most rows first; equal stores in the order of their numbers as text. */
async function largestStores(path: string): Promise<string[]> {
  const counts = new Map<string, number>();
  for await (const chunk of upstreamRows(path, ['store_id'])) {
    for (let row = 0; row < chunk.rows; row++) {
      const store = chunk.text('store_id', row);
      counts.set(store, (counts.get(store) ?? 0) + 1);
    }
  }
  return [...counts]
    .sort(([a, rowsA], [b, rowsB]) => rowsB - rowsA || (a < b ? -1 : 1))
    .slice(0, SITES)
    .map(([store]) => store);
}
