import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import type { DemoSettings } from './settings.ts';

/** The folder of a demonstration: --home, else NOREN_HOME, else the user's data folder. */
export function demoHome(flag: string | undefined, environment: NodeJS.ProcessEnv): string {
  return resolve(flag ?? environment['NOREN_HOME'] ?? join(userData(environment['XDG_DATA_HOME']), 'noren'));
}

/** XDG Base Directory 0.8: a path that is empty or not absolute is to be ignored. */
function userData(named: string | undefined): string {
  return named !== undefined && isAbsolute(named) ? named : join(homedir(), '.local/share');
}

/**
 * Each choice of data, model and plan has a folder of its own: a federation keeps its backbone and its releases, and
 * one that was begun with other settings must not be gone on with.
 */
export function demoFolder(home: string, settings: DemoSettings): string {
  const digest = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 8);
  const { dataset, world } = settings.choice;
  return join(home, `demo-${dataset === 'generated' ? world : dataset}-${digest}`);
}
