import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder of a demonstration: --home, else NOREN_HOME, else the user's data folder (XDG Base Directory). */
export function demoHome(flag: string | undefined, environment: NodeJS.ProcessEnv): string {
  const base =
    flag ?? environment['NOREN_HOME'] ?? join(environment['XDG_DATA_HOME'] ?? join(homedir(), '.local/share'), 'noren');
  return resolve(base);
}
