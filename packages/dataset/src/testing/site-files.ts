import { readSite } from '../site/read-site.ts';
import type { SiteSourceInput } from '../site/source.ts';
import type { RetailData } from '../retail-data.ts';
import { put, temporaryFolder } from './fixtures.ts';

type Columns<Part extends 'catalogue' | 'interactions'> = Partial<SiteSourceInput[Part]['columns']>;

/** A site of two files whose mapping names `item`, `name`, `who` and `at`, and what a test adds. */
export interface SiteFiles {
  /** Text of `catalogue.csv`; default three items a, b, c. */
  readonly catalogue?: string;
  /** Text of `interactions.csv`. */
  readonly interactions: string;
  readonly catalogueColumns?: Columns<'catalogue'>;
  readonly interactionColumns?: Columns<'interactions'>;
  readonly timeUnit?: 'seconds' | 'milliseconds' | 'microseconds';
  readonly mapping?: Partial<SiteSourceInput>;
}

export function siteReader(): (files: SiteFiles) => Promise<RetailData> {
  const folder = temporaryFolder();
  let sites = 0;
  return async (files) => {
    sites++;
    const base = `${folder}/${sites}`;
    put(base, 'catalogue.csv', files.catalogue ?? 'item,name\na,A\nb,B\nc,C\n');
    put(base, 'interactions.csv', files.interactions);
    return readSite(
      {
        minimumSequence: 1,
        ...files.mapping,
        catalogue: { file: 'catalogue.csv', columns: { item: 'item', text: ['name'], ...files.catalogueColumns } },
        interactions: {
          file: 'interactions.csv',
          columns: { customer: 'who', item: 'item', time: 'at', ...files.interactionColumns },
          ...(files.timeUnit === undefined ? {} : { timeUnit: files.timeUnit }),
        },
      },
      base,
    );
  };
}
