import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/folders.ts';
import { initialState, StateFile } from './state.ts';

const plan = { round: 4, roundId: 'round-4', hash: 'a'.repeat(64), stage: 'keys' } as const;

test('a new home begins with the initial state and writes nothing', async () => {
  const home = temporaryFolder();
  const state = await StateFile.open(join(home, 'state.json'));
  expect(state.current).toEqual(initialState);
  expect(readdirSync(home)).toEqual([]);
});

test('a change is on disk when its promise resolves, and leaves no temporary file', async () => {
  const home = temporaryFolder();
  const file = join(home, 'state.json');
  const state = await StateFile.open(file);
  await state.update((now) => ({ ...now, lastPlan: plan }));
  expect((await StateFile.open(file)).current).toEqual({ ...initialState, lastPlan: plan });
  expect(readdirSync(home)).toEqual(['state.json']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('changes made at the same time all survive, the last one last', async () => {
  const file = join(temporaryFolder(), 'state.json');
  const state = await StateFile.open(file);
  await Promise.all([1, 2, 3, 4, 5].map((round) => state.update((now) => ({ ...now, lastPlan: { ...plan, round } }))));
  expect((await StateFile.open(file)).current.lastPlan?.round).toBe(5);
});

test.each([
  ['half a file', '{"version":1,"lastPlan":'],
  ['an unknown stage', JSON.stringify({ ...initialState, lastPlan: { ...plan, stage: 'guessed' } })],
  ['another version', JSON.stringify({ ...initialState, version: 2 })],
])('%s is refused instead of being replaced', async (_what, content) => {
  const file = join(temporaryFolder(), 'state.json');
  writeFileSync(file, content);
  await expect(StateFile.open(file)).rejects.toMatchObject({ code: 'state-invalid' });
  expect(readFileSync(file, 'utf8')).toBe(content);
});
