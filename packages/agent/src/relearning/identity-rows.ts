import type { CatalogueItem } from '@noren/dataset';
import type { HostTensor } from '@noren/tensor/safetensors';

/** The vectors of a model's items as a file keeps them: by item, because the catalogue will be another one day. */
export interface IdentityRows {
  /** Ids of the items that were bought; no other ever learned a vector. */
  readonly items: readonly string[];
  /** A row for each, in their order. */
  readonly rows: HostTensor;
}

/** Takes the rows of the bought items out of a table [catalogue, dimension]. */
export function rowsOfItems(
  table: Float32Array,
  catalogue: readonly Pick<CatalogueItem, 'id'>[],
  bought: Uint8Array,
): IdentityRows {
  const dimension = table.length / catalogue.length;
  const places = catalogue.flatMap((_, place) => (bought[place] === 1 ? [place] : []));
  const data = new Float32Array(places.length * dimension);
  for (const [row, place] of places.entries()) {
    data.set(table.subarray(place * dimension, (place + 1) * dimension), row * dimension);
  }
  return {
    items: places.map((place) => catalogue[place]?.id ?? ''),
    rows: { shape: [places.length, dimension], data },
  };
}

/**
 * The table [catalogue, dimension] of the catalogue as it is now. An item that has no row, because it is new or nobody had
 * bought it, gets zeros: it is what describes it. Rows of items that are gone are left out.
 */
export function tableOfItems(
  { items, rows }: IdentityRows,
  catalogue: readonly Pick<CatalogueItem, 'id'>[],
): Float32Array {
  const dimension = rows.shape[1] ?? 0;
  const rowOf = new Map(items.map((id, row) => [id, row]));
  const table = new Float32Array(catalogue.length * dimension);
  for (const [place, { id }] of catalogue.entries()) {
    const row = rowOf.get(id);
    if (row !== undefined) table.set(rows.data.subarray(row * dimension, (row + 1) * dimension), place * dimension);
  }
  return table;
}
