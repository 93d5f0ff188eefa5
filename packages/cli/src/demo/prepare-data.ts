import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  generateFederation,
  importFederation,
  siteSourceSchema,
  writeSite,
  type DatasetName,
  type FederationData,
  type SiteSource,
  type World,
} from '@noren/dataset';
import { z } from 'zod';

import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';

/** The smallest cohort of a demonstration's plan. */
export const fewestSites = 3;

interface PreparedFolder {
  readonly folder: string;
  readonly source: SiteSource;
}

interface PreparedSite extends PreparedFolder {
  readonly id: string;
  readonly name: string;
  readonly customers: number;
  readonly items: number;
}

/** A federation's data laid out as its owners would hold it: one folder for headquarters, one for each site. */
export interface PreparedData {
  readonly note: string;
  readonly headquarters: PreparedFolder;
  readonly sites: readonly PreparedSite[];
}

const preparedSchema: z.ZodType<PreparedData, unknown> = z.strictObject({
  note: z.string(),
  headquarters: z.strictObject({ folder: z.string(), source: siteSourceSchema }),
  sites: z
    .array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        folder: z.string(),
        customers: z.number(),
        items: z.number(),
        source: siteSourceSchema,
      }),
    )
    .min(1),
});

export interface DataChoice {
  readonly dataset: DatasetName;
  /** Folder with the upstream files; unused for generated data. */
  readonly path: string | undefined;
  /** The shop to be headquarters, of the datasets that name none; the largest where absent. */
  readonly headquarters?: string | undefined;
  readonly world: World;
  readonly sites: number;
  readonly seed: number;
}

/**
 * Imports or generates the data once. The marker file is written last, so an interrupted preparation is done again
 * from the start and a finished one is never repeated.
 */
export async function prepareData(
  choice: DataChoice,
  folder: string,
  onProgress: (what: string, done: number, total: number) => void,
): Promise<{ readonly data: PreparedData; readonly cached: boolean }> {
  const marker = join(folder, 'prepared.json');
  const before = await readPrepared(marker);
  if (before !== undefined) return { data: before, cached: true };

  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const federation = await loadFederation(choice, folder, onProgress);
  const data = await writeFederation(federation, folder);
  await writeFile(`${marker}.new`, JSON.stringify(data, null, 2));
  await rename(`${marker}.new`, marker);
  return { data, cached: false };
}

async function readPrepared(marker: string): Promise<PreparedData | undefined> {
  try {
    const parsed = preparedSchema.safeParse(JSON.parse(await readFile(marker, 'utf8')));
    return parsed.data;
  } catch {
    // Absent or unreadable: prepare afresh.
    return undefined;
  }
}

async function loadFederation(
  choice: DataChoice,
  folder: string,
  onProgress: (what: string, done: number, total: number) => void,
): Promise<FederationData> {
  const progress = (done: number, total: number, what: string): void => onProgress(what, done, total);
  if (choice.dataset !== 'generated') {
    const { dataset, path = '.', headquarters } = choice;
    const named = headquarters === undefined ? {} : { headquarters };
    const federation = await importFederation(dataset, path, { onProgress: progress, ...named });
    if (federation.sites.length < fewestSites)
      throw new CliError(
        `A demonstration needs ${fewestSites} sites, and ${path} gives ${federation.sites.length}. ` +
          `Put at least ${fewestSites + 1} domains or categories into the folder, or exactly one, which is then dealt out by customer.`,
        exitCode.usage,
      );
    return federation;
  }
  const imageFolder = join(folder, 'images');
  await mkdir(imageFolder, { recursive: true });
  const { seed, world, sites } = choice;
  return generateFederation({ seed, world, sites, imageFolder, onProgress: progress });
}

async function writeFederation(federation: FederationData, folder: string): Promise<PreparedData> {
  const headquarters = join(folder, 'headquarters');
  const sites: PreparedSite[] = [];
  for (const { id, name, data } of federation.sites) {
    const siteFolder = join(folder, 'sites', id);
    const source = await writeSite(siteFolder, data);
    const customers = data.sequences.customers.length;
    sites.push({ id, name, folder: siteFolder, customers, items: data.catalogue.length, source });
  }
  const source = await writeSite(headquarters, federation.headquarters);
  return { note: federation.note, headquarters: { folder: headquarters, source }, sites };
}
