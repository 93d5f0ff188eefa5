import type { FederationData, Progress } from '../retail-data.ts';
import { Shop } from './shop.ts';
import { siteId } from './site-id.ts';
import { findUpstreamFiles, upstreamRows, type UpstreamChunk } from './upstream.ts';

const HEADQUARTERS = 'United Kingdom';
const FEWEST_CUSTOMERS = 20;
/** Products are numbered with five digits and sometimes letters for the variant; everything else is bookkeeping. */
const PRODUCT_CODE = /^\d{5}[A-Z]*$/;

const COLUMNS = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
] as const;
type Column = (typeof COLUMNS)[number];

/**
 * UCI Online Retail (Chen 2015, doi 10.24432/C5BW33). The United Kingdom is headquarters, every other country with at
 * least 20 buying customers a site. Item price = median unit price paid in that shop, text = commonest description.
 */
export async function importUciOnlineRetail(
  folder: string,
  onProgress: Progress,
  fewestCustomers?: number,
): Promise<FederationData> {
  return divideByCountry(await readUciShops(folder, onProgress), fewestCustomers);
}

export function divideByCountry(
  { shops, describe }: UciShops,
  fewestCustomers: number = FEWEST_CUSTOMERS,
): FederationData {
  const headquarters = shops.get(HEADQUARTERS) ?? new Shop();
  const others = [...shops].filter(([country]) => country !== HEADQUARTERS).sort(([a], [b]) => (a < b ? -1 : 1));
  const sites = others.filter(([, shop]) => shop.customers >= fewestCustomers);
  const small = others.filter(([, shop]) => shop.customers < fewestCustomers);
  const lost = small.reduce((sum, [, shop]) => sum + shop.purchases, 0);
  return {
    headquarters: headquarters.close(describe),
    sites: sites.map(([country, shop]) => ({ id: siteId(country), name: country, data: shop.close(describe) })),
    note:
      `${HEADQUARTERS} is headquarters; each other country with at least ${fewestCustomers} customers is a site. ` +
      `${small.length} countries with fewer customers (${lost} purchases) are left out. Cancellations, rows without a ` +
      `customer and rows that are no products (postage, bank charges, manual corrections) are left out and counted.`,
  };
}

/** One shop for each country, and the descriptions they share. */
export interface UciShops {
  readonly shops: ReadonlyMap<string, Shop>;
  readonly describe: (code: string) => { text: string; imagePath: null };
}

export async function readUciShops(folder: string, onProgress: Progress): Promise<UciShops> {
  const files = await findUpstreamFiles('UCI Online Retail', folder, ['online_retail.csv']);
  const shops = new Map<string, Shop>();
  const descriptions = new Descriptions();
  let rows = 0;
  for await (const chunk of upstreamRows(files['online_retail.csv'], COLUMNS, { InvoiceDate: 'time' })) {
    for (let row = 0; row < chunk.rows; row++) {
      const country = chunk.text('Country', row);
      const shop = shops.get(country) ?? new Shop();
      shops.set(country, shop);
      readRow(chunk, row, shop, descriptions);
    }
    rows += chunk.rows;
    onProgress(rows, rows, 'reading invoices');
  }
  return { shops, describe: (code) => ({ text: descriptions.commonest(code), imagePath: null }) };
}

function readRow(chunk: UpstreamChunk<Column>, row: number, shop: Shop, descriptions: Descriptions): void {
  // Codes differ in case for the same product ("85123a" and "85123A").
  const code = chunk.text('StockCode', row).toUpperCase();
  const customer = chunk.text('CustomerID', row);
  const time = chunk.number('InvoiceDate', row);
  const quantity = chunk.number('Quantity', row) ?? 0;
  const price = chunk.number('UnitPrice', row);
  if (customer === '') return shop.drop('no-customer', 'the invoice names no customer');
  if (!PRODUCT_CODE.test(code))
    return shop.drop('not-a-product', 'not a product: postage, carriage, discount, bank charges, manual');
  if (chunk.text('InvoiceNo', row).toUpperCase().startsWith('C')) return shop.drop('cancellation', 'cancellation');
  if (quantity <= 0) return shop.drop('bad-quantity', 'no quantity');
  if (time === null) return shop.drop('bad-time', 'no time');
  descriptions.add(code, chunk.text('Description', row));
  // A unit price of 0 is a free sample: the customer chose the item, but nothing is known about its price.
  shop.buy(customer, code, time, price !== null && price > 0 ? price : null);
}

/** The same product is described in several spellings: the commonest wins, the first of equals. */
class Descriptions {
  readonly #counts = new Map<string, Map<string, number>>();

  add(code: string, description: string): void {
    if (description === '') return;
    const counts = this.#counts.get(code) ?? new Map<string, number>();
    counts.set(description, (counts.get(description) ?? 0) + 1);
    this.#counts.set(code, counts);
  }

  commonest(code: string): string {
    let best = '';
    let most = 0;
    for (const [description, count] of this.#counts.get(code) ?? []) {
      if (count > most) {
        best = description;
        most = count;
      }
    }
    return best;
  }
}
