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
 * or the one that is named, is headquarters, each other one a site. A single shop is dealt out by customer.
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
  const sites = sorted.filter((shop) => shop !== chosen).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    headquarters: chosen.data,
    sites: sites.map(({ name, data }, at) => ({ id: siteId(name) || `site-${at + 1}`, name, data })),
    note:
      `Each ${what} is a shop of its own: ${chosen.name} is headquarters, ` +
      `${headquarters === undefined ? 'because it has most interactions, ' : ''}the others are sites.`,
  };
}
