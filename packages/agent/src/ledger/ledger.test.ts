import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { initialState, StateFile } from '../home/state.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { LEDGER_GENESIS, type LedgerAnchor } from './chain.ts';
import type { LedgerEntry } from './entry.ts';
import { Ledger } from './ledger.ts';
import { checkLedger, verifyLedger } from './verify.ts';

const empty: LedgerAnchor = { entries: 0, head: LEDGER_GENESIS };
const at = new Date('2026-03-04T05:06:07.890Z');

function written(messages: number): { file: string; home: string; anchor: LedgerAnchor } {
  const home = temporaryFolder();
  const file = join(home, 'ledger.jsonl');
  const ledger = Ledger.open(file, empty, () => at);
  for (let n = 0; n < messages; n += 1) {
    ledger.record({ kind: 'progress', roundId: 'round-1', bytes: 3, content: Uint8Array.of(1, 2, n) });
  }
  const anchor = ledger.durableAnchor();
  ledger.close();
  return { file, home, anchor };
}

function lines(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').slice(0, -1);
}

test('every message is one line that holds the hash of the line before', () => {
  const { file, anchor } = written(3);
  const entries = lines(file).map((line) => JSON.parse(line) as LedgerEntry);
  expect(entries[1]).toEqual({
    n: 1,
    at: at.toISOString(),
    kind: 'progress',
    round: 'round-1',
    bytes: 3,
    content: createHash('sha256')
      .update(Uint8Array.of(1, 2, 1))
      .digest('hex'),
    previous: createHash('sha256')
      .update(lines(file)[0] ?? '')
      .digest('hex'),
  });
  expect(anchor).toEqual({
    entries: 3,
    head: createHash('sha256')
      .update(lines(file)[2] ?? '')
      .digest('hex'),
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a reopened ledger continues its chain', () => {
  const { file, anchor } = written(2);
  const ledger = Ledger.open(file, anchor);
  ledger.record(
    { kind: 'upload', roundId: 'round-1', bytes: 9, content: { sha256: 'f'.repeat(64) } },
    { durable: true },
  );
  ledger.close();
  expect(checkLedger(readFileSync(file), anchor)).toMatchObject({ entries: 3, problem: null });
});

describe('tampering shows', () => {
  test.each<[string, (lines: string[]) => string[], number, RegExp]>([
    ['a changed size', ([a = '', b = '', c = '']) => [a, b.replace('"bytes":3', '"bytes":4'), c], 3, /was changed/],
    ['a removed entry', ([a = '', , c = '']) => [a, c], 2, /entry 2 stands where entry 1 belongs/],
    ['swapped entries', ([a = '', b = '', c = '']) => [b, a, c], 1, /entry 1 stands where entry 0 belongs/],
    ['a doubled entry', ([a = '', b = '', c = '']) => [a, b, b, c], 3, /entry 1 stands where entry 2 belongs/],
    ['text of somebody else', ([a = '', b = '', c = '']) => [a, 'hello', b, c], 2, /not a ledger entry/],
    ['a field too many', ([a = '', b = '', c = '']) => [a, b.replace('{', '{"note":"x",'), c], 2, /not a ledger entry/],
    ['a cut end', ([a = '', b = '']) => [a, b], 3, /1 entries at the end are missing/],
    ['a changed last entry', ([a = '', b = '', c = '']) => [a, b, c.replace('"bytes":3', '"bytes":4')], 3, /rewritten/],
    ['an emptied ledger', () => [], 1, /3 entries at the end are missing/],
  ])('%s', (_what, change, line, what) => {
    const { file, anchor } = written(3);
    writeFileSync(
      file,
      change(lines(file))
        .map((text) => `${text}\n`)
        .join(''),
    );
    const check = checkLedger(readFileSync(file), anchor);
    expect(check.problem).toEqual({ line, what: expect.stringMatching(what) });
    expect(() => Ledger.open(file, anchor)).toThrow(expect.objectContaining({ code: 'ledger-damaged' }));
  });

  test('a chain rewritten from its beginning does not lead to the known head', () => {
    const known = written(3);
    const other = written(4);
    writeFileSync(known.file, readFileSync(other.file));
    expect(checkLedger(readFileSync(known.file), { ...known.anchor, head: 'a'.repeat(64) }).problem).toEqual({
      line: 3,
      what: expect.stringMatching(/rewritten/),
    });
  });
});

test('a line cut off by a power failure is removed and the removal recorded', () => {
  const { file, anchor } = written(3);
  appendFileSync(file, '{"n":3,"at":"2026');
  const ledger = Ledger.open(file, anchor);
  ledger.close();
  const check = checkLedger(readFileSync(file), anchor);
  expect(check).toMatchObject({ entries: 4, problem: null, incompleteBytes: 0 });
  expect(JSON.parse(lines(file)[3] ?? '')).toMatchObject({ kind: 'repaired', bytes: 17, round: null });
});

test('a power failure behind the anchor loses entries, which is not passed over', () => {
  const { file, anchor } = written(3);
  truncateSync(file, statSync(file).size - 5);
  expect(checkLedger(readFileSync(file), anchor).problem?.what).toMatch(/1 entries at the end are missing/);
});

test('a home’s ledger is checked against the anchor in its state', async () => {
  const { file, home, anchor } = written(3);
  const state = await StateFile.open(join(home, 'state.json'));
  await state.update((now) => ({ ...now, ledger: anchor }));
  const seen: LedgerEntry[] = [];
  expect(await verifyLedger(home, (entry) => seen.push(entry))).toMatchObject({ entries: 3, problem: null });
  expect(seen.map((entry) => entry.n)).toEqual([0, 1, 2]);
  writeFileSync(file, `${lines(file).slice(0, 2).join('\n')}\n`);
  expect((await verifyLedger(home)).problem).not.toBeNull();
});

test('a home that never sent anything has a whole, empty ledger', async () => {
  expect(await verifyLedger(temporaryFolder())).toMatchObject({ ...initialState.ledger, problem: null });
});
