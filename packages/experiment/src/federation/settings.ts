import { createHash } from 'node:crypto';
import { join } from 'node:path';

import {
  importFederation,
  readUnisrecDomain,
  type FeatureSource,
  type FederationData,
  type Progress,
} from '@noren/dataset';
import type { ExperimentFederation } from './experiment-federation.ts';
import { partOf, pool, type ShopData } from './regroup.ts';

/** The experiments of docs/accuracy.md. */
export const experimentNames = [
  'amazon-scientific',
  'uci-elsewhere',
  'uci-shops',
  'uci-small-headquarters',
  'hm-divided',
  'hm-lines',
] as const;
export type ExperimentName = (typeof experimentNames)[number];

/** Names of the folders below the data folder, as upstream's files lie in them. */
export const experimentFolders: Readonly<Record<ExperimentName, string>> = {
  'amazon-scientific': 'amazon-scientific-clip',
  'uci-elsewhere': 'uci-online-retail',
  'uci-shops': 'uci-online-retail',
  'uci-small-headquarters': 'uci-online-retail',
  'hm-divided': 'hm',
  'hm-lines': 'hm',
};

/** Reads the data of an experiment from a folder in upstream's layout and divides it. */
export async function readFederation(
  name: ExperimentName,
  folder: string,
  onProgress: Progress,
): Promise<ExperimentFederation> {
  switch (name) {
    case 'amazon-scientific':
      return amazonScientific(folder);
    case 'uci-elsewhere':
      return uciElsewhere(await importFederation('uci-online-retail', folder, { onProgress, fewestCustomers: 1 }));
    case 'uci-shops':
      return uciShops(await importFederation('uci-online-retail', folder, { onProgress }), { share: 0.8, shops: 8 });
    case 'uci-small-headquarters':
      return uciShops(await importFederation('uci-online-retail', folder, { onProgress }), { share: 0.1, shops: 24 });
    case 'hm-divided':
      return hmDivided(await importFederation('hm', folder, { onProgress, headquarters: 'Ladieswear' }));
    case 'hm-lines':
      return hmLines(await importFederation('hm', folder, { onProgress }));
  }
}

/** One shop and no headquarters: what the architecture itself reaches with the features of a real foundation model. */
async function amazonScientific(folder: string): Promise<ExperimentFederation> {
  const { catalogue, sequences, featureFiles } = await readUnisrecDomain(join(folder, 'Scientific'));
  const file = (modality: 'text' | 'image'): FeatureSource => {
    const found = featureFiles?.files.find((one) => one.modality === modality);
    if (found === undefined) throw new TypeError(`the domain has no file of ${modality} features`);
    const { path, dimension } = found;
    return { kind: 'precomputed', file: path, encoder: `CLIP ViT-B/32 ${modality}`, dimension, format: 'float32' };
  };
  return {
    name: 'Amazon Scientific, CLIP features',
    note: 'One shop alone, no headquarters: items with both CLIP text and CLIP image features, upstream’s own leave-one-out split.',
    headquarters: null,
    sites: [{ name: 'Scientific', catalogue, sequences }],
    // Rows of the files are in the catalogue's order.
    features: { sources: { text: file('text'), image: file('image') }, base: folder },
  };
}

/** Fewer first purchases leave little to hold out twice. */
const ELSEWHERE_PURCHASES = 5;

function uciElsewhere({ headquarters, sites }: FederationData): ExperimentFederation {
  const elsewhere = pool(
    sites.map(({ data }) => data),
    ELSEWHERE_PURCHASES,
  );
  return {
    name: 'UCI Online Retail, everywhere but the United Kingdom',
    note: `Headquarters: the United Kingdom. One site: all other customers with ${ELSEWHERE_PURCHASES} or more different products. Postage, charges and cancellations are left out.`,
    headquarters,
    sites: [{ name: 'elsewhere', ...elsewhere }],
  };
}

/** The United Kingdom's customers, dealt out by a fixed hash: `share` of them to headquarters, the others to `shops`. */
function uciShops(
  { headquarters, sites }: FederationData,
  { share, shops }: { readonly share: number; readonly shops: number },
): ExperimentFederation {
  const placeOf = (customer: string): number => {
    const place = shareOf('uci-shops', customer);
    return place < share ? -1 : Math.min(shops - 1, Math.floor(((place - share) / (1 - share)) * shops));
  };
  const dealt = Array.from({ length: shops }, (_, shop): ShopData & { name: string } => ({
    name: `UK shop ${shop + 1}`,
    ...partOf(headquarters, (customer) => placeOf(customer) === shop),
  }));
  const part = `${Math.round(share * 100)} %`;
  return {
    name: `UCI Online Retail, five countries and ${shops} shops, headquarters with ${part} of the United Kingdom`,
    note: `Headquarters: ${part} of the United Kingdom's customers, by a fixed hash. Sites: the countries with 20 customers or more (real), and ${shops} shops among which the hash deals out the other customers of the United Kingdom (invented).`,
    headquarters: partOf(headquarters, (customer) => placeOf(customer) === -1),
    sites: [...sites.map(({ name, data }) => ({ name, ...data })), ...dealt],
  };
}

function hmDivided({ headquarters, sites }: FederationData): ExperimentFederation {
  const divided = sites.filter(({ name }) => name === 'Divided');
  return {
    name: 'H&M, Ladieswear to Divided',
    note: 'Headquarters: all purchases of the Ladieswear line. One site: those of the Divided line, whose catalogue is all its articles.',
    headquarters,
    sites: divided.map(({ name, data }) => ({ name, ...data })),
  };
}

function hmLines({ headquarters, sites, note }: FederationData): ExperimentFederation {
  return {
    name: 'H&M, five brand lines',
    note,
    headquarters,
    sites: sites.map(({ name, data }) => ({ name, ...data })),
  };
}

/** A customer's fixed place in [0, 1). */
function shareOf(purpose: string, customer: string): number {
  return createHash('sha256').update(`noren/experiment/${purpose}/${customer}`).digest().readUInt32BE(0) / 2 ** 32;
}
