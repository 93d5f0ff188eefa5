import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, closeSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../bin/noren.js', import.meta.url));

export interface NorenProcess {
  readonly name: string;
  readonly logFile: string;
  readonly pid: number;
  /** Resolves with the exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Asks it to stop; after the grace period it is killed. Says which it took. Safe to call twice. */
  stop(graceMs: number): Promise<'stopped' | 'killed'>;
}

/**
 * Starts one `noren` command as an operating system process of its own, its log in a file. The child holds an IPC
 * channel to this process and stops when the channel breaks, so that a killed parent leaves no orphans behind.
 */
export function startNoren(name: string, args: readonly string[], logFile: string): NorenProcess {
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
  return { name, logFile, pid: child.pid ?? -1, exited, stop: (graceMs) => stopProcess(child, exited, graceMs) };
}

async function stopProcess(
  child: ChildProcess,
  exited: Promise<number | null>,
  graceMs: number,
): Promise<'stopped' | 'killed'> {
  if (child.exitCode !== null || child.signalCode !== null) return 'stopped';
  let outcome: 'stopped' | 'killed' = 'stopped';
  const timer = setTimeout(() => {
    outcome = 'killed';
    child.kill('SIGKILL');
  }, graceMs);
  child.kill('SIGTERM');
  await exited;
  clearTimeout(timer);
  return outcome;
}
