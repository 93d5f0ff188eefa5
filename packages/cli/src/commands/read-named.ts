import { readFile } from 'node:fs/promises';

import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';

/** A file that a flag or argument names; `what` says in the error what it should have been. */
export async function readNamed(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new CliError(`The ${what} ${file} cannot be read: ${(error as Error).message}.`, exitCode.notFound);
  }
}
