import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../testing/folders.ts';
import { lockHome } from './lock.ts';

test('a second agent on the same home is refused until the first has gone, also through another path', async () => {
  const home = temporaryFolder();
  const alias = join(temporaryFolder(), 'alias');
  symlinkSync(home, alias);
  const lock = await lockHome(home);
  await expect(lockHome(home)).rejects.toMatchObject({ code: 'home-in-use' });
  await expect(lockHome(alias)).rejects.toMatchObject({ code: 'home-in-use' });
  await lock.release();
  expect(readdirSync(home)).toEqual([]);
  await (await lockHome(alias)).release();
});

test('a home held by another living process is refused by that process’s id', async () => {
  const home = temporaryFolder();
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  writeFileSync(join(home, 'agent.lock'), JSON.stringify({ pid: child.pid, started: null, id: 'x' }));
  await expect(lockHome(home)).rejects.toThrow(`process ${child.pid}`);
});

test('a lock left by a killed process is taken over', async () => {
  const home = temporaryFolder();
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  writeFileSync(join(home, 'agent.lock'), JSON.stringify({ pid: child.pid, started: null, id: 'x' }));
  const lock = await lockHome(home);
  expect(JSON.parse(readFileSync(join(home, 'agent.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
  await lock.release();
});

test.skipIf(process.platform !== 'linux')('a reused process id does not block a start (needs /proc)', async () => {
  const home = temporaryFolder();
  writeFileSync(join(home, 'agent.lock'), JSON.stringify({ pid: process.ppid, started: '1', id: 'x' }));
  await (await lockHome(home)).release();
});

test('of many agents starting at once on a stale lock exactly one gets the home', async () => {
  const home = temporaryFolder();
  writeFileSync(join(home, 'agent.lock'), JSON.stringify({ pid: 2 ** 22 + 1, started: null, id: 'x' }));
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockHome(home)));
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
});
