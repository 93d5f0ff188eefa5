import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { StateFile } from '../home/state.ts';
import { LEDGER_GENESIS } from '../ledger/chain.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { epsilonSpent, PrivacyLedger, readPrivacyLedger, type Cost } from './privacy-ledger.ts';

const empty = { entries: 0, head: LEDGER_GENESIS };
const at = new Date('2026-03-04T05:06:07.890Z');

function cost(round: number, change: Partial<Cost> = {}): Cost {
  return {
    asset: 'customers',
    round: `round-${round}`,
    plan: String(round).padStart(64, '0'),
    mode: 'distributed',
    noiseMultiplier: 2,
    samplingRate: 0.1,
    ...change,
  };
}

test('what is spent adds up by Renyi divergences, not by epsilons', () => {
  const ledger = PrivacyLedger.open(join(temporaryFolder(), 'privacy.jsonl'), empty, () => at);
  const spent = (): number => epsilonSpent(ledger.history('customers'), 1e-6);
  expect(spent()).toBe(0);
  ledger.spend(cost(1));
  const once = spent();
  for (let round = 2; round <= 20; round += 1) ledger.spend(cost(round));
  expect(ledger.history('customers')).toEqual([{ noiseMultiplier: 2, samplingRate: 0.1, steps: 20 }]);
  expect(spent()).toBeGreaterThan(once);
  expect(spent()).toBeLessThan(10 * once);
  ledger.spend(cost(21, { noiseMultiplier: 1 }));
  expect(ledger.history('customers')).toHaveLength(2);
  expect(ledger.history('other people')).toEqual([]);
  ledger.close();
});

test('a spending is on disk when it returns, and counts again after a kill', () => {
  const file = join(temporaryFolder(), 'privacy.jsonl');
  const ledger = PrivacyLedger.open(file, empty, () => at);
  ledger.spend(cost(1));
  // Nothing is closed and no anchor was kept, as after kill -9 between the record and the noise.
  const again = PrivacyLedger.open(file, empty, () => at);
  expect(again.history('customers')).toEqual([{ noiseMultiplier: 2, samplingRate: 0.1, steps: 1 }]);
  expect(again.hasPaidFor(cost(1).plan)).toBe(true);
  expect(() => again.spend(cost(1))).toThrow(expect.objectContaining({ code: 'budget-spent' }));
  ledger.close();
  again.close();
});

test('a record that was cut back or changed is not gone on with', () => {
  const file = join(temporaryFolder(), 'privacy.jsonl');
  const ledger = PrivacyLedger.open(file, empty, () => at);
  for (const round of [1, 2, 3]) ledger.spend(cost(round));
  const anchor = ledger.durableAnchor();
  ledger.close();
  const text = readFileSync(file, 'utf8');
  const damages = [
    text.split('\n').slice(0, 2).join('\n').concat('\n'),
    text.replace('"noiseMultiplier":2', '"noiseMultiplier":9'),
    '',
  ];
  for (const damaged of damages) {
    writeFileSync(file, damaged);
    expect(() => PrivacyLedger.open(file, anchor)).toThrow(expect.objectContaining({ code: 'ledger-damaged' }));
  }
  // A line that a power cut left unfinished was never synced, so no noise was drawn for it.
  writeFileSync(file, text);
  appendFileSync(file, '{"n":3,');
  const repaired = PrivacyLedger.open(file, anchor, () => at);
  repaired.spend(cost(4));
  expect(repaired.history('customers')[0]?.steps).toBe(4);
  repaired.close();
});

test('a home says by asset what was spent, while its agent runs', async () => {
  const home = temporaryFolder();
  expect(await readPrivacyLedger(home)).toMatchObject({ histories: new Map(), check: { entries: 0, problem: null } });
  const ledger = PrivacyLedger.open(join(home, 'privacy-ledger.jsonl'), empty, () => at);
  ledger.spend(cost(1));
  ledger.spend(cost(2, { asset: 'members' }));
  const state = await StateFile.open(join(home, 'state.json'));
  await state.update((now) => ({ ...now, privacyLedger: ledger.durableAnchor() }));
  const { histories, check } = await readPrivacyLedger(home);
  expect(check).toMatchObject({ entries: 2, problem: null });
  expect([...histories.keys()]).toEqual(['customers', 'members']);
  ledger.close();
});

describe('a tree', () => {
  const name = 'ab'.repeat(16);
  const inTree = (round: number, leaf: number, change: Partial<Cost> = {}): Cost =>
    cost(round, { mode: 'central', samplingRate: 1, tree: { name, leaf, period: 64, steps: 7 }, ...change });

  test('is paid for as a whole in its first round, for each asset, and once', () => {
    const file = join(temporaryFolder(), 'privacy.jsonl');
    const ledger = PrivacyLedger.open(file, empty, () => at);
    for (const [round, leaf] of [
      [1, 1],
      [2, 2],
      [3, 5],
    ] as const) {
      ledger.spend(inTree(round, leaf));
      expect(ledger.history('customers')).toEqual([{ noiseMultiplier: 2, samplingRate: 1, steps: 7 }]);
    }
    ledger.spend(inTree(4, 6, { asset: 'members' }));
    expect(ledger.history('members')).toEqual([{ noiseMultiplier: 2, samplingRate: 1, steps: 7 }]);
    ledger.spend(inTree(5, 1, { tree: { name: 'cd'.repeat(16), leaf: 1, period: 64, steps: 7 } }));
    expect(ledger.history('customers')).toEqual([{ noiseMultiplier: 2, samplingRate: 1, steps: 14 }]);
    ledger.close();
    const again = PrivacyLedger.open(file, empty, () => at);
    expect(again.paidTree('customers', name)).toEqual({ leaf: 5, period: 64, steps: 7, noiseMultiplier: 2 });
    expect(again.history('customers')).toEqual([{ noiseMultiplier: 2, samplingRate: 1, steps: 14 }]);
    again.close();
  });

  test('is not gone back in, nor gone on with under other terms', () => {
    const ledger = PrivacyLedger.open(join(temporaryFolder(), 'privacy.jsonl'), empty, () => at);
    ledger.spend(inTree(1, 3));
    for (const wrong of [
      inTree(2, 3),
      inTree(2, 2),
      inTree(2, 4, { noiseMultiplier: 1 }),
      inTree(2, 4, { tree: { name, leaf: 4, period: 64, steps: 1 } }),
      inTree(2, 4, { tree: { name, leaf: 4, period: 100, steps: 7 } }),
    ]) {
      expect(() => ledger.spend(wrong)).toThrow(expect.objectContaining({ code: 'budget-spent' }));
    }
    ledger.spend(inTree(2, 4));
    ledger.close();
  });
});
