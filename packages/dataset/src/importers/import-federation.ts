import type { FederationData, Progress } from '../retail-data.ts';
import { importCompleteJourney } from './complete-journey.ts';
import { importHm } from './hm.ts';
import { importUciOnlineRetail } from './uci-online-retail.ts';

/** The datasets Noren can show itself on: a generated world, and three public ones that a user brings. */
export type DatasetName = 'generated' | 'hm' | 'uci-online-retail' | 'complete-journey';

export interface ImportOptions {
  readonly onProgress?: Progress;
}

const IMPORTERS: Record<
  Exclude<DatasetName, 'generated'>,
  (folder: string, onProgress: Progress) => Promise<FederationData>
> = {
  hm: importHm,
  'uci-online-retail': importUciOnlineRetail,
  'complete-journey': importCompleteJourney,
};

/**
 * Reads a public dataset in its upstream layout from the folder `path` and divides it between headquarters and sites.
 * Only first purchases of an item by a customer are kept, and customers with at least two of them. Throws a
 * DatasetError that names the expected files where the folder holds something else.
 */
export async function importFederation(
  name: Exclude<DatasetName, 'generated'>,
  path: string,
  o: ImportOptions = {},
): Promise<FederationData> {
  return IMPORTERS[name](path, o.onProgress ?? ((): void => undefined));
}
