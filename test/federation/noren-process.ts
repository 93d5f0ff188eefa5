import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

const command = join(import.meta.dirname, '../../packages/cli/bin/noren.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningNoren {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  /** What it has printed so far, for messages of failing tests. */
  output(): string;
  /** As the operating system would in a power cut: no chance to clean up. */
  killHard(): Promise<void>;
  /** As an administrator would: Ctrl-C or a service manager. */
  stop(signal?: 'SIGINT' | 'SIGTERM'): Promise<Finished>;
}

const running = new Set<RunningNoren>();

/** Starts the built `noren` command as a process of its own. */
export function noren(args: readonly string[], environment: NodeJS.ProcessEnv = {}): RunningNoren {
  const child = spawn(process.execPath, [command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LANG: 'C', NO_COLOR: '1', ...environment },
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => stdout.push(piece));
  child.stderr.on('data', (piece: Buffer) => stderr.push(piece));
  const text = (pieces: readonly Buffer[]): string => Buffer.concat(pieces).toString('utf8');
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout: text(stdout), stderr: text(stderr) }));
  });
  const handle: RunningNoren = {
    process: child,
    finished,
    output: () => text(stdout) + text(stderr),
    async killHard() {
      child.kill('SIGKILL');
      await finished;
    },
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return finished;
    },
  };
  running.add(handle);
  void finished.then(() => running.delete(handle));
  return handle;
}

/** Ends whatever a failing test left running. */
export async function killAll(): Promise<void> {
  await Promise.all([...running].map((handle) => handle.killHard()));
}

/** A port nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
