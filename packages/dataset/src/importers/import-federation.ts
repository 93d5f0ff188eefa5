import type { FederationData, Progress } from '../retail-data.ts';
import { AMAZON_2018, AMAZON_2023 } from './amazon-layouts.ts';
import { importAmazonReviews } from './amazon-reviews.ts';
import { importCompleteJourney } from './complete-journey.ts';
import { importHm } from './hm.ts';
import { importUciOnlineRetail } from './uci-online-retail.ts';
import { importUnisrec } from './unisrec.ts';

/** The datasets Noren can show itself on: a generated world, and public ones that a user brings. */
export type DatasetName =
  | 'generated'
  | 'hm'
  | 'uci-online-retail'
  | 'complete-journey'
  | 'unisrec'
  | 'amazon-2018'
  | 'amazon-2023';

export interface ImportOptions {
  readonly onProgress?: Progress;
  /**
   * Of the datasets that are several shops without a headquarters (domains, categories): the one to be headquarters.
   * Default: the one with most interactions. The other datasets say themselves how they are divided.
   */
  readonly headquarters?: string;
}

const IMPORTERS: Record<
  Exclude<DatasetName, 'generated'>,
  (folder: string, onProgress: Progress, headquarters?: string) => Promise<FederationData>
> = {
  hm: importHm,
  'uci-online-retail': importUciOnlineRetail,
  'complete-journey': importCompleteJourney,
  unisrec: importUnisrec,
  'amazon-2018': (...o) => importAmazonReviews(AMAZON_2018, ...o),
  'amazon-2023': (...o) => importAmazonReviews(AMAZON_2023, ...o),
};

/**
 * Reads a public dataset in its upstream layout from the folder `path` and divides it between headquarters and sites.
 * Only first purchases of an item by a customer are kept, and customers with at least two of them; UniSRec's sequences
 * are kept as they are. Throws a DatasetError that names the expected files where the folder holds something else.
 */
export async function importFederation(
  name: Exclude<DatasetName, 'generated'>,
  path: string,
  o: ImportOptions = {},
): Promise<FederationData> {
  return IMPORTERS[name](path, o.onProgress ?? ((): void => undefined), o.headquarters);
}
