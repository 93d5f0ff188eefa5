import { randomUUID } from 'node:crypto';
import { link, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../agent-error.ts';

/** Homes held by this process: two agents in one process share a process id, so the file alone cannot tell them apart. */
const held = new Set<string>();

export interface HomeLock {
  release(): Promise<void>;
}

/**
 * Takes a home for this process or throws `home-in-use`. A lock left behind by a killed process is taken over: it
 * names its process and, where /proc tells, when that process started, so a reused process id does not block a start.
 */
export async function lockHome(home: string): Promise<HomeLock> {
  const key = await realpath(home);
  const file = join(home, 'agent.lock');
  if (held.has(key)) throw inUse(home, process.pid);
  held.add(key);
  const own = join(home, `.agent.lock.${randomUUID()}`);
  try {
    await writeFile(own, JSON.stringify({ pid: process.pid, started: await startOf(process.pid), id: randomUUID() }));
    await claim(file, own, home);
  } catch (error) {
    held.delete(key);
    throw error;
  } finally {
    await rm(own, { force: true });
  }
  return {
    release: async () => {
      await rm(file, { force: true });
      held.delete(key);
    },
  };
}

async function claim(file: string, own: string, home: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      // link() fails when the name exists and shows the file complete: nobody reads a half-written lock.
      await link(own, file);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const found = await readFile(file, 'utf8').catch(() => null);
    if (found === null) continue;
    const holder = await livingHolder(found);
    if (holder !== null) throw inUse(home, holder);
    await putAside(file, found);
  }
  throw inUse(home, null);
}

/** Removes exactly the stale lock that was read, not one that another starting agent has just put there. */
async function putAside(file: string, stale: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await readFile(aside, 'utf8');
  if (moved !== stale) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

async function livingHolder(content: string): Promise<number | null> {
  const match = /^\{"pid":(\d+),"started":(null|"[^"]*")/.exec(content);
  if (match === null) return null;
  const pid = Number(match[1]);
  // This process holds no lock on this home (see `held`), so its own id in the file is an earlier process's.
  if (pid === process.pid) return null;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null;
  }
  const started = match[2] === 'null' ? null : match[2]?.slice(1, -1);
  const now = await startOf(pid);
  return started !== null && now !== null && started !== now ? null : pid;
}

/** When a process started, in clock ticks since boot (proc(5), stat field 22); null where there is no /proc. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // Field 2, the program's name, may hold spaces and brackets: count from its closing bracket.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function inUse(home: string, pid: number | null): AgentError {
  const who = pid === null ? 'another agent' : `another agent (process ${pid})`;
  return new AgentError('home-in-use', `${who} is running on ${home}. Stop it first, or give this one its own home.`);
}
