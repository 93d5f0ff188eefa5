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
   * Of the datasets that are several shops (domains, categories, H&M's brand lines): the one to be headquarters. Default:
   * the one with most interactions; of H&M, 40 % of the customers. The other datasets say themselves how they are divided.
   */
  readonly headquarters?: string;
  /** Of UCI Online Retail: a country with fewer customers is no site. Default 20. */
  readonly fewestCustomers?: number;
}

const IMPORTERS: Record<
  Exclude<DatasetName, 'generated'>,
  (folder: string, onProgress: Progress, o: ImportOptions) => Promise<FederationData>
> = {
  hm: (folder, onProgress, { headquarters }) => importHm(folder, onProgress, headquarters),
  'uci-online-retail': (folder, onProgress, { fewestCustomers }) =>
    importUciOnlineRetail(folder, onProgress, fewestCustomers),
  'complete-journey': importCompleteJourney,
  unisrec: (folder, onProgress, { headquarters }) => importUnisrec(folder, onProgress, headquarters),
  'amazon-2018': (folder, onProgress, { headquarters }) =>
    importAmazonReviews(AMAZON_2018, folder, onProgress, headquarters),
  'amazon-2023': (folder, onProgress, { headquarters }) =>
    importAmazonReviews(AMAZON_2023, folder, onProgress, headquarters),
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
  return IMPORTERS[name](path, o.onProgress ?? ((): void => undefined), o);
}
