import type { PriceRange } from './price-range.ts';
import type { Counted, CustomersByPurchases, DropKind, NoticeKind } from './reading-counts.ts';

/** One item as a shop describes it. A missing modality is normal: empty text, no image, no price. */
export interface CatalogueItem {
  readonly id: string;
  readonly text: string;
  /** Absolute path of the image on this machine. */
  readonly imagePath: string | null;
  /** In units of `currency`, finite and >= 0. */
  readonly price: number | null;
  /** ISO 4217; absent where the shop names none. */
  readonly currency?: string;
  /** What the shop calls its kind, for prices to be compared within; absent where it names none. */
  readonly category?: string;
}

/**
 * What the customers did, packed: customer `c` bought `items[offsets[c] .. offsets[c + 1])`, oldest first
 * (equal times keep the order of the file).
 */
export interface Sequences {
  readonly customers: readonly string[];
  /** `customers + 1` places in `items` and `times`; starts with 0, never decreases. */
  readonly offsets: Int32Array;
  /** Places in the catalogue. */
  readonly items: Int32Array;
  /** Milliseconds since 1970-01-01T00:00Z, one for each of `items`. */
  readonly times: Float64Array;
}

/**
 * What was read, what was kept and why the rest was not. Holds counts and prices of the catalogue only, never a
 * customer's or an item's name: safe to show.
 */
export interface DataReport {
  /** Rows of interactions in the file: those kept and those dropped. */
  readonly rowsRead: number;
  /** Interactions kept in the sequences. */
  readonly rowsKept: number;
  readonly dropped: readonly Counted<DropKind>[];
  /** Catalogue rows left out, and what was kept with a change. */
  readonly noticed: readonly Counted<NoticeKind>[];
  /** Customers kept. */
  readonly customers: number;
  /** All customers that had a usable interaction, by how many they have, before those with too few are left out. */
  readonly customersByPurchases: readonly CustomersByPurchases[];
  readonly items: number;
  readonly itemsWithoutImage: number;
  readonly itemsWithoutPrice: number;
  readonly itemsWithoutText: number;
  /** Items without any kept interaction. */
  readonly itemsNeverBought: number;
  /** The share of the kept interactions that the most frequent item has, 0 .. 1. */
  readonly mostFrequentItemShare: number;
  /** One range a currency. */
  readonly prices: readonly PriceRange[];
  /** ISO 8601 time of the first and last kept interaction; null without interactions. */
  readonly firstAt: string | null;
  readonly lastAt: string | null;
}

export interface RetailData {
  readonly catalogue: readonly CatalogueItem[];
  readonly sequences: Sequences;
  readonly report: DataReport;
  /** Features that came with the items. */
  readonly featureFiles?: FeatureFiles;
}

/** Files of item features that somebody else computed: raw little-endian float32, row-major. */
export interface FeatureFiles {
  /** The item of each row, by the catalogue's identifiers. */
  readonly items: readonly string[];
  readonly files: readonly {
    readonly modality: 'text' | 'image';
    /** What computed them; equal names mean comparable numbers. */
    readonly encoder: string;
    /** Absolute. */
    readonly path: string;
    /** Width of a row. */
    readonly dimension: number;
  }[];
}

/** One group's data, divided between headquarters and its sites. */
export interface FederationData {
  readonly headquarters: RetailData;
  readonly sites: readonly FederationSite[];
  /** How headquarters and the sites were divided, in plain sentences. */
  readonly note: string;
}

export interface FederationSite {
  /** Fits `^[a-z0-9][a-z0-9-]{0,62}$`. */
  readonly id: string;
  readonly name: string;
  readonly data: RetailData;
}

/** Called now and then during slow work; `what` is a short lower-case phrase. */
export type Progress = (done: number, total: number, what: string) => void;
