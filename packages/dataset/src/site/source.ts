import { z } from 'zod';

import { type FeatureSources, featureSourcesSchema } from '../features/feature-source.ts';
import { isCurrency } from './currency.ts';
import { isTimeZone } from './local-clock.ts';

const column = z.string().min(1).max(256);
const file = z.string().min(1).max(4096);
const currency = z.string().refine(isCurrency, 'not a currency of ISO 4217, such as JPY or EUR');
const timeZone = z.string().max(64).refine(isTimeZone, 'not a time zone of the IANA database, such as Asia/Tokyo');

/**
 * How a site's own files are read. Paths are relative to the folder of the mapping (or absolute). The format follows
 * the file's name: `.csv`, `.tsv`, `.parquet`, `.json`, `.jsonl`, `.ndjson`; the text formats may end in `.gz`.
 */
export const siteSourceSchema: z.ZodType<SiteSource, SiteSourceInput> = z
  .strictObject({
    catalogue: z.strictObject({
      file,
      columns: z.strictObject({
        item: column,
        text: z.array(column).max(32),
        image: column.optional(),
        price: column.optional(),
        regularPrice: column.optional(),
        currency: column.optional(),
        category: column.optional(),
      }),
      imageFolder: file.optional(),
    }),
    interactions: z.strictObject({
      file,
      columns: z.strictObject({
        customer: column,
        item: column,
        time: column,
        quantity: column.optional(),
        price: column.optional(),
        regularPrice: column.optional(),
        currency: column.optional(),
      }),
      timeUnit: z.enum(['seconds', 'milliseconds', 'microseconds']).optional(),
    }),
    features: featureSourcesSchema.optional(),
    currency: currency.optional(),
    timeZone: timeZone.optional(),
    badRows: z.enum(['refuse', 'drop']).default('refuse'),
    repeats: z.enum(['first', 'keep']).default('first'),
    minimumSequence: z.int().min(1).max(1000).default(3),
    minimumItemPurchases: z.int().min(1).max(1000).default(1),
  })
  .refine((source) => source.currency !== undefined || !hasCurrencyColumn(source), {
    path: ['currency'],
    message: 'beside a column of currencies, name the one that empty cells mean',
  });

function hasCurrencyColumn({ catalogue, interactions }: Pick<SiteSource, 'catalogue' | 'interactions'>): boolean {
  return catalogue.columns.currency !== undefined || interactions.columns.currency !== undefined;
}

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
      /**
       * The price without promotion. Where a cell holds one it is the item's price, and `price` what it costs just now:
       * a sale must not move what is known of the item.
       */
      readonly regularPrice?: string | undefined;
      /** ISO 4217 codes; an empty cell is the site's `currency`. */
      readonly currency?: string | undefined;
      /** What kind of thing the item is; prices are compared within it where it has enough of them. */
      readonly category?: string | undefined;
    };
    /** Default: the folder of the catalogue file. */
    readonly imageFolder?: string | undefined;
  };
  readonly interactions: {
    readonly file: string;
    readonly columns: {
      readonly customer: string;
      readonly item: string;
      /** Date, timestamp, or ISO 8601 text; with `timeUnit` a number. */
      readonly time: string;
      /** Pieces. A row of none or fewer is a return or a cancellation and left out. */
      readonly quantity?: string | undefined;
      /**
       * The price paid for one piece. Used for the items that have no price in the catalogue: the median of what was
       * paid, of `regularPrice` where the cell holds one.
       */
      readonly price?: string | undefined;
      readonly regularPrice?: string | undefined;
      /** ISO 4217 codes; an empty cell is the site's `currency`. */
      readonly currency?: string | undefined;
    };
    /** What the times count since 1970-01-01T00:00Z, where they are numbers. */
    readonly timeUnit?: 'seconds' | 'milliseconds' | 'microseconds' | undefined;
  };
  /** Where item features come from; the built-in encoders where absent. */
  readonly features?: FeatureSources | undefined;
  /** Of all prices, in ISO 4217. Without it prices are taken to be in the backbone's currency. */
  readonly currency?: string | undefined;
  /** IANA name of the zone of times without an offset; default UTC. */
  readonly timeZone?: string | undefined;
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
