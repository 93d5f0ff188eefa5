import { readFile } from 'node:fs/promises';

import type { SiteSource } from '@noren/dataset';
import { z } from 'zod';

import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';

/** Reads a description of data: what stands as `data` in an agent.json, in a file of its own. */
export async function readSource(file: string): Promise<SiteSource> {
  let written: unknown;
  try {
    written = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CliError(`The data description ${file} cannot be read: ${(error as Error).message}.`, exitCode.notFound);
  }
  const { siteSourceSchema } = await import('@noren/dataset');
  const parsed = siteSourceSchema.safeParse(written);
  if (parsed.success) return parsed.data;
  throw new CliError(`${file} does not describe data:\n${z.prettifyError(parsed.error)}`, exitCode.usage);
}
