import { DatasetError } from '../errors.ts';
import type { FederationData, RetailData } from '../retail-data.ts';
import { dealCustomers } from './deal-customers.ts';
import { siteId } from './site-id.ts';

export interface NamedShop {
  readonly name: string;
  readonly data: RetailData;
}

/**
 * Divides a dataset of several shops (categories of goods) that names no headquarters: the one with most interactions,
 * or the one that is named, is headquarters, each other one a site. A single shop is dealt out by customer. Features that
 * came with the items are kept where all shops have the same ones.
 */
export function divideShops(
  shops: readonly NamedShop[],
  headquarters: string | undefined,
  what: string,
): FederationData {
  const sorted = shops.toSorted(
    (a, b) => b.data.sequences.items.length - a.data.sequences.items.length || (a.name < b.name ? -1 : 1),
  );
  const chosen = headquarters === undefined ? sorted[0] : sorted.find(({ name }) => name === headquarters);
  if (chosen === undefined)
    throw new DatasetError(
      'layout-unknown',
      `there is no ${what} "${headquarters ?? ''}" to be headquarters`,
      {},
      `The folder has ${shops.map(({ name }) => name).join(', ')}`,
    );
  if (shops.length === 1) return dealCustomers(chosen.name, chosen.data);
  const comparable = shops.every(({ data }) => encodersOf(data) === encodersOf(chosen.data));
  const dataOf = (shop: NamedShop): RetailData => (comparable ? shop.data : withoutFeatures(shop.data));
  const sites = sorted.filter((shop) => shop !== chosen).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    headquarters: dataOf(chosen),
    sites: sites.map((shop, at) => ({
      id: siteId(shop.name) || `site-${at + 1}`,
      name: shop.name,
      data: dataOf(shop),
    })),
    note:
      `Each ${what} is a shop of its own: ${chosen.name} is headquarters, ` +
      `${headquarters === undefined ? 'because it has most interactions, ' : ''}the others are sites.`,
  };
}

function encodersOf({ featureFiles }: RetailData): string {
  const files = featureFiles?.files ?? [];
  return files.map(({ modality, encoder, dimension }) => `${modality} ${encoder} ${dimension}`).join(', ');
}

function withoutFeatures({ catalogue, sequences, report }: RetailData): RetailData {
  return { catalogue, sequences, report };
}
