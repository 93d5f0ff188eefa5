import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/folders.ts';
import { readConfig, writeConfig, type AgentConfigInput } from './config.ts';

const data: AgentConfigInput['data'] = {
  catalogue: { file: 'catalogue.csv', columns: { item: 'item', text: ['title'] } },
  interactions: { file: 'sales.csv', columns: { customer: 'customer', item: 'item', time: 'time' } },
};

test('a data source alone is a complete configuration', async () => {
  const home = temporaryFolder();
  await writeConfig(home, { version: 1, data });
  expect(await readConfig(home)).toMatchObject({
    policy: {
      minimumSites: 3,
      minimumThresholdFraction: 0.6,
      federatedGroups: 'all',
      hours: null,
      evaluation: 'metrics',
    },
    serving: { host: '127.0.0.1', port: 'off' },
    keepUpdates: false,
    reconnect: { firstDelay: 1, longestDelay: 60 },
  });
});

test('what is written is what the administrator gave, not the filled-in defaults', async () => {
  const home = temporaryFolder();
  await writeConfig(home, { version: 1, data, keepUpdates: true });
  expect(JSON.parse(readFileSync(join(home, 'agent.json'), 'utf8'))).toEqual({ version: 1, data, keepUpdates: true });
});

test('a missing configuration says what it is for', async () => {
  await expect(readConfig(temporaryFolder())).rejects.toMatchObject({
    code: 'config-missing',
    message: expect.stringMatching(/agent\.json does not exist.*catalogue/),
  });
});

test.each<[string, unknown, RegExp]>([
  ['no JSON', '{version:', /is not JSON/],
  ['an unknown field', { version: 1, data, polcy: {} }, /polcy/],
  ['a policy below the floor', { version: 1, data, policy: { minimumSites: 2 } }, /policy\.minimumSites/],
  [
    'a share of the roster of no registrar',
    { version: 1, data, policy: { minimumRosterFraction: 0.5 } },
    /policy\.minimumRosterFraction.*registrarKey/,
  ],
  ['an endpoint open to the network', { version: 1, data, serving: { host: '0.0.0.0', port: 80 } }, /serving\.host/],
  ['a port out of range', { version: 1, data, serving: { port: 70_000 } }, /serving\.port/],
  ['delays the wrong way round', { version: 1, data, reconnect: { firstDelay: 9, longestDelay: 2 } }, /firstDelay/],
  ['no data source', { version: 1 }, /data/],
])('%s is refused by name', async (_what, content, message) => {
  const home = temporaryFolder();
  writeFileSync(join(home, 'agent.json'), typeof content === 'string' ? content : JSON.stringify(content));
  await expect(readConfig(home)).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringMatching(message),
  });
});

test('several mistakes are reported together', async () => {
  const input = { version: 1, data, policy: { minimumSites: 1, maximumEpochs: 0 } } as const;
  await expect(writeConfig(temporaryFolder(), input)).rejects.toThrow(/minimumSites.*maximumEpochs/);
});
