import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { parseRoundId } from '@noren/protocol';
import { generateIdentityKey } from '@noren/secure-aggregation';
import { expect, test } from 'vitest';
import { homeLayout } from '../home/layout.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { RoundVault, type KeptRound } from './round-vault.ts';

const identityKey = generateIdentityKey();
const roundId = parseRoundId('7-00000000');
const kept: KeptRound = {
  stage: 'shared',
  masking: new Uint8Array(Buffer.from('the seeds of every mask')),
  awaiting: [{ kind: 'offerReply', roundId, accepted: true, reason: '' }],
  members: new Map([['akita', new Uint8Array(32).fill(3)]]),
  masked: null,
};

test('what is kept is found again, by the same site in the same boot only', async () => {
  const layout = homeLayout(temporaryFolder());
  await new RoundVault(layout, identityKey, 'boot 1').round(roundId).keep(kept);
  const find = (key: string, boot: string | null, round: string = roundId): Promise<KeptRound | null> =>
    new RoundVault(layout, key, boot).round(round).find();
  expect(await find(identityKey, 'boot 1')).toEqual(kept);
  expect(await find(identityKey, 'boot 2')).toBeNull();
  expect(await find(identityKey, null)).toBeNull();
  expect(await find(generateIdentityKey(), 'boot 1')).toBeNull();
  expect(await find(identityKey, 'boot 1', '8-00000000')).toBeNull();
});

test('the file is the owner’s, says nothing in clear, and never twice the same', async () => {
  const layout = homeLayout(temporaryFolder());
  const round = new RoundVault(layout, identityKey, 'boot 1').round(roundId);
  const file = layout.round(roundId).secrets;
  await round.keep(kept);
  const first = readFileSync(file);
  await round.keep(kept);
  expect(readFileSync(file).equals(first)).toBe(false);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(first.includes('the seeds') || first.includes(Buffer.from('the seeds').toString('base64'))).toBe(false);
  for (const place of [0, 20, first.length - 1]) {
    const changed = Buffer.from(first);
    changed[place]! ^= 1;
    writeFileSync(file, changed);
    expect(await round.find(), `byte ${place}`).toBeNull();
  }
});

test('what was forgotten stays forgotten, whatever was still to be kept', async () => {
  const layout = homeLayout(temporaryFolder());
  const vault = new RoundVault(layout, identityKey, 'boot 1');
  const round = vault.round(roundId);
  const keeping = round.keep(kept);
  await round.forget();
  await keeping;
  await round.keep(kept);
  expect(await vault.round(roundId).find()).toBeNull();
});

test('a start removes the secrets of rounds that have ended, and only theirs', async () => {
  const layout = homeLayout(temporaryFolder());
  const vault = new RoundVault(layout, identityKey, 'boot 1');
  await vault.round(roundId).keep(kept);
  await vault.round('6-00000000').keep(kept);
  await vault.keepOnly(roundId);
  expect(await vault.round(roundId).find()).toEqual(kept);
  expect(await vault.round('6-00000000').find()).toBeNull();
});
