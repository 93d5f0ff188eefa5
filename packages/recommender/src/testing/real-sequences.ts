import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importFederation, type Sequences } from '@noren/dataset';

/** Real purchases: where they must lie (NOREN_TEST_DATA, or ../shared/data beside the repository), and whether they do. */
interface RealPurchases {
  readonly folder: string;
  readonly isMissing: boolean;
  readonly read: () => Promise<{ readonly sequences: Sequences; readonly items: number }>;
}

function realPurchases(name: string, read: (folder: string) => ReturnType<RealPurchases['read']>): RealPurchases {
  const repository = fileURLToPath(new URL('../../../../', import.meta.url));
  const folder = join(resolve(repository, process.env['NOREN_TEST_DATA'] ?? '../shared/data'), name);
  return { folder, isMissing: !existsSync(folder), read: () => read(folder) };
}

/** 2,928 customers, the order of their purchases without times. */
export const amazonScientific: RealPurchases = realPurchases('amazon-scientific-clip', async (folder) => {
  // UniSRec atomic file: user, items before, last item; tab-separated under one header line.
  const lines = readFileSync(join(folder, 'Scientific.test.inter'), 'utf8').trimEnd().split('\n').slice(1);
  const rows = lines.map((line) => {
    const [, before = '', last = ''] = line.split('\t');
    return [...before.split(' '), last].map(Number);
  });
  const sequences = sequencesOf(rows);
  return Promise.resolve({ sequences, items: 1 + sequences.items.reduce((most, item) => Math.max(most, item), 0) });
});

/** UCI Online Retail: the customers in the United Kingdom. */
export const unitedKingdom: RealPurchases = realPurchases('uci-online-retail', async (folder) => {
  const { headquarters } = await importFederation('uci-online-retail', folder);
  return { sequences: headquarters.sequences, items: headquarters.catalogue.length };
});

export function sequencesOf(rows: readonly (readonly number[])[]): Sequences {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, at) => (offsets[at + 1] = (offsets[at] ?? 0) + row.length));
  const items = Int32Array.from(rows.flat());
  return { customers: rows.map((_, at) => String(at)), offsets, items, times: new Float64Array(items.length) };
}
