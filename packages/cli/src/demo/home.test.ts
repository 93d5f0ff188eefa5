import { join, resolve } from 'node:path';

import { expect, test } from 'vitest';

import { demoFolder, demoHome } from './home.ts';
import { demoSettings } from './settings.ts';

const choice = {
  dataset: 'generated',
  path: undefined,
  world: 'shifted',
  sites: 5,
  seed: 1,
  preset: undefined,
} as const;

test('the folder can be chosen by flag, then by environment, else it is the user’s data folder', () => {
  expect(demoHome('here', { NOREN_HOME: '/there' })).toBe(resolve('here'));
  expect(demoHome(undefined, { NOREN_HOME: '/there' })).toBe('/there');
  expect(demoHome(undefined, { XDG_DATA_HOME: '/data' })).toBe(join('/data', 'noren'));
});

test.each(['', 'relative/folder'])('a user’s data folder named "%s" is none', (named) => {
  expect(demoHome(undefined, { XDG_DATA_HOME: named })).toBe(demoHome(undefined, {}));
});

test('a federation is gone on with only under the settings it was begun with', () => {
  const folder = (changed: object): string => demoFolder('/home', demoSettings({ ...choice, ...changed }));
  expect(folder({})).toBe(folder({}));
  const others = [
    { world: 'hurting' },
    { sites: 6 },
    { seed: 2 },
    { preset: 'ant' },
    { dataset: 'hm', path: '/data/hm' },
    { headquarters: 'Arts' },
  ];
  expect(new Set([folder({}), ...others.map(folder)]).size).toBe(others.length + 1);
});
