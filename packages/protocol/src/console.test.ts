import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { federationViewSchema } from './console.ts';
import type { FederationView, RoundView } from './console.ts';

const at = '2026-11-23T12:00:00.000Z';
const round: RoundView = {
  id: 'round-1',
  number: 1,
  kind: 'relearn',
  phase: 'accepted',
  startedAt: at,
  endedAt: at,
  resumedAt: [],
  deadlineAt: null,
  waitingFor: null,
  cohort: ['osaka'],
  survivors: ['osaka'],
  dropped: [{ site: 'kyoto', at: 'relearning', reason: 'connection lost' }],
  refused: [],
  outcome: 'accepted',
  reason: null,
  phases: [{ phase: 'recruiting', startedAt: at, endedAt: at }],
  bytesUp: 10,
  sumHash: 'cd',
  groups: [],
  releaseHash: 'ab',
  difference: { mean: 0.01, low: -0.001, customers: 20 },
  gates: [],
};
const view: FederationView = {
  name: 'north',
  now: at,
  address: '127.0.0.1:7443',
  consoleAddress: 'http://127.0.0.1:7400',
  backbone: { hash: 'ab', parameters: 10, groups: ['item.text'] },
  release: { number: 0, hash: 'ab', round: null, at },
  plan: { name: 'fine-tune', federatedGroups: ['item.text'], localGroups: [], vectorLength: 10 },
  schedule: { expression: '0 4 * * *', timeZone: 'Asia/Tokyo', nextAt: at, paused: false, waiting: null },
  sites: [],
  running: null,
  rounds: [round],
};

test('a federation is read as it was sent; unknown words are refused', () => {
  expect(federationViewSchema.parse(JSON.parse(JSON.stringify(view)))).toEqual(view);
  const strange = { ...view, rounds: [{ ...round, phase: 'dreaming' }] };
  expect(federationViewSchema.safeParse(strange).success).toBe(false);
});

test('the console’s door imports nothing a browser lacks', () => {
  const source = readFileSync(new URL('console.ts', import.meta.url), 'utf8');
  const imports = [...source.matchAll(/from '([^']+)'/g)].map((match) => match[1]);
  expect(imports).toEqual(['zod']);
});
