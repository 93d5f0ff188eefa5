import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { encodeTranscript } from '@noren/protocol';
import {
  CoordinatorRound,
  generateIdentityKey,
  identityFromPrivateKey,
  recordDelivery,
  recordReveal,
  recordShares,
  recordVector,
  siteRecord,
  SiteRound,
} from '@noren/secure-aggregation';
import type { SiteRecord, SumTranscript } from '@noren/secure-aggregation';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import { exitOf } from '../failure.ts';
import { createProgram } from '../program.ts';

const home = mkdtempSync(join(tmpdir(), 'noren-site-audit-'));
const hex = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A round of three sites, with what the first of them keeps of it. */
async function round(roundId: string): Promise<{ record: SiteRecord; transcript: SumTranscript }> {
  const context = { roundId, planHash: new Uint8Array(32).fill(3), length: 4 };
  const sites = ['a', 'b', 'c'].map((siteId) => {
    const identity = identityFromPrivateKey(generateIdentityKey());
    const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
    return { siteId, identity, masking: SiteRound.begin({ ...context, siteId, identity, floor }) };
  });
  const identities = new Map(sites.map(({ siteId, identity }) => [siteId, identity.publicKey]));
  const coordinator = CoordinatorRound.begin({ ...context, sites: identities });
  const keys = sites.map(({ masking }) => masking.advertise());
  for (const one of keys) coordinator.advertise(one);
  const roster = coordinator.closeKeys();
  const shares = await Promise.all(sites.map(({ masking }) => masking.share(roster)));
  sites.forEach(({ siteId }, index) => coordinator.shares(siteId, shares[index]!));
  let record = recordShares(siteRecord(context, keys[0]!), context, roster, shares[0]!);
  for (const [siteId, delivery] of coordinator.closeShares()) {
    const { masking } = sites.find((site) => site.siteId === siteId)!;
    masking.receiveShares(delivery);
    const { header, chunks } = masking.mask(new Int32Array(4));
    const sink = coordinator.beginUpload(siteId, header);
    [...chunks].forEach((chunk, index) => sink.chunk(index, chunk));
    await sink.complete(chunks);
    if (siteId === 'a') record = recordVector(recordDelivery(record, delivery), header);
  }
  coordinator.closeUploads();
  const request = coordinator.closeConsistency();
  sites.forEach(({ siteId, masking }) => {
    const revealed = masking.reveal(request);
    coordinator.reveal(siteId, revealed);
    if (siteId === 'a') record = recordReveal(record, request, revealed);
  });
  await coordinator.unmask();
  return { record, transcript: coordinator.transcript! };
}

beforeAll(async () => {
  let previous = '0'.repeat(64);
  const lines: string[] = [];
  for (const [n, [id, findings, forge]] of [
    ['round-1', 'in-sum', (t: SumTranscript) => t] as const,
    ['round-2', 'other-roster', (t: SumTranscript) => ({ ...t, rosterHash: new Uint8Array(32) })] as const,
  ].entries()) {
    const { record, transcript } = await round(id);
    const document = encodeTranscript(forge(transcript));
    const signed = JSON.stringify({ version: 1, ...record }, hex);
    mkdirSync(join(home, 'rounds', id), { recursive: true });
    writeFileSync(join(home, 'rounds', id, 'transcript'), document);
    writeFileSync(join(home, 'rounds', id, 'signed.json'), signed);
    const entry = { kind: 'audit', round: id, bytes: document.length, content: sha256(document), findings };
    const line = JSON.stringify({ n, at: '2025-06-01T00:00:00.000Z', ...entry, signed: sha256(signed), previous });
    previous = sha256(line);
    lines.push(`${line}\n`);
  }
  writeFileSync(join(home, 'ledger.jsonl'), lines.join(''));
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(home, { recursive: true }));

/** What `noren site audit` prints on standard output, and how it ends. */
async function audit(...flags: string[]): Promise<{ printed: string; exit: number }> {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  const command = ['--language', 'en', 'site', 'audit', '--home', home, ...flags];
  const error: unknown = await createProgram()
    .parseAsync(command, { from: 'user' })
    .then(
      () => null,
      (caught: unknown) => caught,
    );
  return { printed, exit: error === null ? 0 : exitOf(error) };
}

test('says of a round plainly what was verified', async () => {
  const { printed, exit } = await audit('round-1');
  expect(exit).toBe(0);
  expect(printed).toContain("The sum holds this site's update, as this site signed it");
  expect(printed).toContain('3 of 3 sites are in the sum. Signatures verified: of 3 vectors, and of 0 witnesses');
  expect(printed).toContain('the same result');
});

test('ends with 1 where something does not agree, in Japanese and JSON, too', async () => {
  const { printed, exit } = await audit('--language', 'ja');
  expect(exit).toBe(1);
  expect(printed).toContain('合計に含まれる拠点: 3 / 3');
  expect(printed).toContain('不一致: 合計は、この拠点がマスクに使った名簿とは別の名簿のものです。');
  const json = await audit('round-2', '--json');
  expect(json.exit).toBe(1);
  expect(JSON.parse(json.printed)).toMatchObject({
    ledger: null,
    rounds: [{ roundId: 'round-2', findings: 'other-roster', again: { sound: false, findings: ['other-roster'] } }],
  });
});

test('a round that was not audited does not exist', async () => {
  expect((await audit('7')).exit).toBe(3);
});
