import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import { exitOf } from '../failure.ts';
import { createProgram } from '../program.ts';

const home = mkdtempSync(join(tmpdir(), 'noren-site-check-'));
const shop = join(home, 'shop.json');

beforeAll(() => {
  const data = {
    catalogue: { file: 'items.csv', columns: { item: 'sku', text: ['name'], price: 'yen' } },
    interactions: { file: 'sales.csv', columns: { customer: 'who', item: 'sku', time: 'at' } },
    minimumSequence: 1,
  };
  writeFileSync(join(home, 'items.csv'), 'sku,name,yen\n01,Linen shirt,4900\n02,Bag,-1\n');
  writeFileSync(join(home, 'sales.csv'), 'who,sku,at\nalice,01,2024-01-01\nbob,02,2024-01-02\n');
  writeFileSync(shop, JSON.stringify(data));
  writeFileSync(join(home, 'agent.json'), JSON.stringify({ version: 1, data: { ...data, badRows: 'drop' } }));
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(home, { recursive: true }));

/** What `noren site check` prints on standard output. */
async function check(...flags: string[]): Promise<string> {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  await createProgram().parseAsync(['--language', 'en', ...flags], { from: 'user' });
  return printed;
}

test('bad rows are named, or counted on request, and an agent’s own description is followed', async () => {
  await expect(check('site', 'check', '--data', shop)).rejects.toThrow('row 2, column "yen", item "02"');
  const counted = await check('site', 'check', '--data', shop, '--count-bad-rows');
  expect(counted).toContain('rows read: 2\n');
  expect(counted).toContain('items whose price could not be used: 1');
  expect(await check('site', 'check', '--home', home)).toBe(counted);
});

test('speaks Japanese and JSON, and names no customer', async () => {
  const japanese = await check('--language', 'ja', 'site', 'check', '--home', home);
  expect(japanese).toContain('読み込んだ行: 2');
  const json = await check('--json', 'site', 'check', '--home', home);
  expect(JSON.parse(json)).toMatchObject({ rowsRead: 2, rowsKept: 2, items: 2, itemsWithoutPrice: 1 });
  expect(japanese + json).not.toMatch(/alice|bob|Linen/);
});

test('wants to know which files', async () => {
  const error = await check('site', 'check').catch((caught: unknown) => caught);
  expect(exitOf(error)).toBe(2);
});
