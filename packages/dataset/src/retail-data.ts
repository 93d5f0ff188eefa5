/** One item as a shop describes it. A missing modality is normal: empty text, no image, no price. */
export interface CatalogueItem {
  readonly id: string;
  readonly text: string;
  /** Absolute path of the image on this machine. */
  readonly imagePath: string | null;
  /** In the shop's own currency unit, finite and >= 0. */
  readonly price: number | null;
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

/** What was read, what was kept and why the rest was not. Holds counts only: safe to show and to send. */
export interface DataReport {
  /** Rows of interactions in the file. */
  readonly rowsRead: number;
  /** Interactions kept in the sequences. */
  readonly rowsKept: number;
  readonly dropped: readonly { readonly reason: string; readonly rows: number }[];
  readonly customers: number;
  readonly items: number;
  readonly itemsWithoutImage: number;
  readonly itemsWithoutPrice: number;
  readonly itemsWithoutText: number;
  /** ISO 8601 time of the first and last kept interaction; null without interactions. */
  readonly firstAt: string | null;
  readonly lastAt: string | null;
}

export interface RetailData {
  readonly catalogue: readonly CatalogueItem[];
  readonly sequences: Sequences;
  readonly report: DataReport;
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
