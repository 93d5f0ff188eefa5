import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parseRoundId, parseSiteId } from '@noren/protocol';
import type { UploadHeader } from '@noren/protocol';
import { describe, expect, test } from 'vitest';

import { temporaryFolder } from '../testing/folders.ts';
import { decodeRecords, encodeRecord, ROUND_LOG_VERSION } from './log-record.ts';
import type { RoundLogRecord } from './log-record.ts';
import { RoundFolders } from './round-folders.ts';
import { RoundLogFile } from './round-log-file.ts';

const akita = parseSiteId('akita');
const round = parseRoundId('7-00000000');

const records: readonly RoundLogRecord[] = [
  {
    kind: 'begun',
    version: ROUND_LOG_VERSION,
    roundId: round,
    identityKeys: [[akita, 'ab'.repeat(32)]],
    connected: [akita],
  },
  happened(1, new Uint8Array([0, 255, 10])),
  { ...happened(2, new Uint8Array()), frozen: [{ step: 'shares', sites: [akita] }], chunks: [262_144, 12] },
];

function happened(at: number, payload: Uint8Array): Extract<RoundLogRecord, { kind: 'input' }> {
  return { kind: 'input', at, input: { kind: 'accepted', site: akita }, frozen: [], chunks: [], payload };
}

async function logOf(...entries: RoundLogRecord[]): Promise<string> {
  const file = join(await temporaryFolder(), 'log');
  const log = await RoundLogFile.create(file);
  for (const entry of entries) log.append(entry);
  await log.close();
  return file;
}

async function reopened(file: string): Promise<readonly RoundLogRecord[]> {
  const { log, records: found } = await RoundLogFile.reopen(file);
  await log.close();
  return found;
}

describe('a round’s log', () => {
  test('gives back what was written', async () => {
    expect(await reopened(await logOf(...records))).toEqual(records);
  });

  test('cut at any byte, it holds the records before the cut and goes on from there', async () => {
    const whole = await readFile(await logOf(...records));
    const ends = records.map((_, index) => Buffer.concat(records.slice(0, index + 1).map(encodeRecord)).length);
    const folder = await temporaryFolder();
    for (let cut = 0; cut < whole.length; cut++) {
      const file = join(folder, String(cut));
      await writeFile(file, whole.subarray(0, cut));
      const complete = records.slice(0, ends.filter((end) => end <= cut).length);
      const { log, records: found } = await RoundLogFile.reopen(file);
      expect(found, `cut at byte ${cut}`).toEqual(complete);
      log.append(happened(9, new Uint8Array([1])));
      await log.close();
      expect(decodeRecords(await readFile(file)).records).toEqual([...complete, happened(9, new Uint8Array([1]))]);
    }
  });

  test('what a crash left behind its end is not read: zeros, or a record with a wrong checksum', async () => {
    for (const end of [Buffer.alloc(64), Buffer.from(encodeRecord(happened(3, new Uint8Array(9)))).fill(7, 20, 22)]) {
      const file = await logOf(...records);
      await appendFile(file, end);
      expect(await reopened(file)).toEqual(records);
      expect(decodeRecords(await readFile(file)).bytes).toBe((await readFile(file)).length);
    }
  });

  test('a hundred records that come together are on disk together, in order', async () => {
    const file = join(await temporaryFolder(), 'log');
    const log = await RoundLogFile.create(file);
    const entries = Array.from({ length: 100 }, (_, at) => happened(at, new Uint8Array(at)));
    const synced = entries.map((entry) => {
      log.append(entry);
      return log.sync();
    });
    expect(new Set(synced).size, 'one commit for all').toBe(1);
    await Promise.all(synced);
    expect(decodeRecords(await readFile(file)).records).toEqual(entries);
    await log.close();
  });

  test('that cannot be written says so, then and ever after', async () => {
    const log = await RoundLogFile.create(join(await temporaryFolder(), 'log'));
    await log.close();
    log.append(records[0]!);
    await expect(log.sync()).rejects.toMatchObject({ code: 'store-failed' });
    log.append(records[1]!);
    await expect(log.sync()).rejects.toMatchObject({ code: 'store-failed' });
  });
});

describe('the spool', () => {
  const chunks = [Uint8Array.from([1, 2, 3, 4]), Uint8Array.from([5, 6, 7, 8]), Uint8Array.from([9])];
  const header = {
    chunkHashes: chunks.map((chunk) => new Uint8Array(32).fill(chunk[0] ?? 0)),
  } as unknown as UploadHeader;

  test('keeps a vector over a restart, and nothing after the round', async () => {
    const folder = join(await temporaryFolder(), 'rounds');
    const first = await RoundFolders.open(folder, null);
    const files = await first.begin(round);
    const upload = await files.spool.begin(akita, header);
    for (const chunk of chunks) void upload.append(chunk);
    await upload.keep();
    expect(upload.chunks).toEqual([4, 4, 1]);
    await first.suspend(files);

    const second = await RoundFolders.open(folder, round);
    const found = await second.reopen(round);
    if (found === null) throw new Error('nothing was kept');
    const read: Uint8Array[] = [];
    for await (const chunk of found.spool.read(akita, header, [4, 4, 1])) read.push(chunk);
    expect(read).toEqual(chunks);
    const longer = async (): Promise<void> => {
      for await (const _ of found.spool.read(akita, header, [4, 4, 2])) continue;
    };
    await expect(longer()).rejects.toMatchObject({ code: 'blob-damaged' });
    await second.end(round, found);
    expect(await second.reopen(round)).toBeNull();
  });

  test('a start removes what rounds that have ended left behind', async () => {
    const folder = join(await temporaryFolder(), 'rounds');
    const first = await RoundFolders.open(folder, null);
    await first.suspend(await first.begin(round));
    const second = await RoundFolders.open(folder, parseRoundId('8-00000000'));
    expect(await second.reopen(round)).toBeNull();
  });
});
