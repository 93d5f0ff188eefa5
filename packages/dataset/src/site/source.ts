import { z } from 'zod';

import { type FeatureSources, featureSourcesSchema } from '../features/feature-source.ts';

const column = z.string().min(1).max(256);
const file = z.string().min(1).max(4096);

/**
 * How a site's own files are read. Paths are relative to the folder of the mapping (or absolute). The format follows
 * the file's name: `.csv`, `.tsv`, `.parquet`, `.json`, `.jsonl`, `.ndjson`; the text formats may end in `.gz`.
 */
export const siteSourceSchema: z.ZodType<SiteSource, SiteSourceInput> = z.strictObject({
  catalogue: z.strictObject({
    file,
    columns: z.strictObject({
      item: column,
      text: z.array(column).max(32),
      image: column.optional(),
      price: column.optional(),
    }),
    imageFolder: file.optional(),
  }),
  interactions: z.strictObject({
    file,
    columns: z.strictObject({ customer: column, item: column, time: column, price: column.optional() }),
  }),
  features: featureSourcesSchema.optional(),
  badRows: z.enum(['refuse', 'drop']).default('refuse'),
  repeats: z.enum(['first', 'keep']).default('first'),
  minimumSequence: z.int().min(1).max(1000).default(3),
  minimumItemPurchases: z.int().min(1).max(1000).default(1),
});

export interface SiteSource {
  readonly catalogue: {
    readonly file: string;
    readonly columns: {
      readonly item: string;
      /** Joined with a full stop, in this order; empty cells are left out. */
      readonly text: readonly string[];
      /** A path below `imageFolder`; an empty cell is an item without an image. */
      readonly image?: string | undefined;
      /** An empty cell is an item without a price. */
      readonly price?: string | undefined;
    };
    /** Default: the folder of the catalogue file. */
    readonly imageFolder?: string | undefined;
  };
  readonly interactions: {
    readonly file: string;
    readonly columns: {
      readonly customer: string;
      readonly item: string;
      /** Date, timestamp, or ISO 8601 text. */
      readonly time: string;
      /** The price paid. Used for the items that have no price in the catalogue: the median of what was paid. */
      readonly price?: string | undefined;
    };
  };
  /** Where item features come from; the built-in encoders where absent. */
  readonly features?: FeatureSources | undefined;
  /** `refuse`: the first bad rows are named and nothing is read. `drop`: bad rows are left out and counted. */
  readonly badRows: 'refuse' | 'drop';
  /**
   * `first`: of several purchases of an item by one customer only the first counts, because a recommendation is
   * scored with the customer's history masked, and an item already bought could never be the right answer.
   */
  readonly repeats: 'first' | 'keep';
  /** Customers with fewer interactions (after `repeats`) are left out and counted. */
  readonly minimumSequence: number;
  /** Purchases of items with fewer are left out and counted; the items stay in the catalogue. 1 keeps all. */
  readonly minimumItemPurchases: number;
}

/** What an administrator writes: the fields with a default may be absent. */
export type SiteSourceInput = Omit<SiteSource, 'badRows' | 'repeats' | 'minimumSequence' | 'minimumItemPurchases'> & {
  badRows?: SiteSource['badRows'] | undefined;
  repeats?: SiteSource['repeats'] | undefined;
  minimumSequence?: number | undefined;
  minimumItemPurchases?: number | undefined;
};
