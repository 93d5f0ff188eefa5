import type { CatalogueItem, RetailData, Sequences } from '@noren/dataset';

/** What sequences are regrouped to; the report of what was read belongs to the data they came from. */
export type ShopData = Pick<RetailData, 'catalogue' | 'sequences'>;

type Purchase = readonly [time: number, item: number];

/**
 * Several shops as one: items with the same identifier become one, a customer's purchases are put in order of time, and
 * only the first purchase of an item is kept. Customers with fewer than `minimumSequence` purchases are left out.
 */
export function pool(shops: readonly ShopData[], minimumSequence: number): ShopData {
  const catalogue: CatalogueItem[] = [];
  const places = new Map<string, number>();
  const purchases = new Map<string, Purchase[]>();
  for (const shop of shops) {
    const place = shop.catalogue.map((item) => {
      const known = places.get(item.id);
      if (known !== undefined) return known;
      places.set(item.id, catalogue.length);
      return catalogue.push(item) - 1;
    });
    for (const [customer, bought] of purchasesOf(shop.sequences)) {
      const own = purchases.get(customer) ?? [];
      for (const [time, item] of bought) own.push([time, place[item] as number]);
      purchases.set(customer, own);
    }
  }
  const rows = new Map<string, readonly Purchase[]>();
  for (const [customer, own] of purchases) {
    const seen = new Set<number>();
    // Sorting is stable: purchases of one moment keep the order they were read in.
    const first = own.toSorted(([a], [b]) => a - b).filter(([, item]) => !seen.has(item) && seen.add(item));
    if (first.length >= minimumSequence) rows.set(customer, first);
  }
  return { catalogue, sequences: sequencesOf(rows) };
}

/** The part of a shop whose customers `keep` names; its catalogue is what they bought. */
export function partOf(shop: ShopData, keep: (customer: string) => boolean): ShopData {
  const catalogue: CatalogueItem[] = [];
  const places = new Map<number, number>();
  const rows = new Map<string, readonly Purchase[]>();
  for (const [customer, bought] of purchasesOf(shop.sequences)) {
    if (!keep(customer)) continue;
    rows.set(
      customer,
      bought.map(([time, item]): Purchase => {
        const place = places.get(item) ?? catalogue.push(shop.catalogue[item] as CatalogueItem) - 1;
        places.set(item, place);
        return [time, place];
      }),
    );
  }
  return { catalogue, sequences: sequencesOf(rows) };
}

function* purchasesOf({ customers, offsets, items, times }: Sequences): Generator<[string, Purchase[]]> {
  for (const [number, customer] of customers.entries()) {
    const bought: Purchase[] = [];
    for (let at = offsets[number] ?? 0; at < (offsets[number + 1] ?? 0); at += 1) {
      bought.push([times[at] as number, items[at] as number]);
    }
    yield [customer, bought];
  }
}

function sequencesOf(rows: ReadonlyMap<string, readonly Purchase[]>): Sequences {
  const all = [...rows.values()].flat();
  const offsets = new Int32Array(rows.size + 1);
  [...rows.values()].forEach((row, at) => (offsets[at + 1] = (offsets[at] ?? 0) + row.length));
  return {
    customers: [...rows.keys()],
    offsets,
    items: Int32Array.from(all, ([, item]) => item),
    times: Float64Array.from(all, ([time]) => time),
  };
}
