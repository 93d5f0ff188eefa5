import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';

import { centre, type RingBits } from '../ring/ring-width.ts';
import { TestFederation } from '../testing/federation.ts';
import { finish } from '../turns.ts';
import { RemovalInTurns } from './mask-removal.ts';
import { MaskStream, PIECE_WORDS } from './mask-stream.ts';
import { applyMasks, TURN_WORK, type MaskSeeds } from './mask-sum.ts';
import { RemovalThreads } from './removal-threads.ts';

const entry = new URL('../testing/workers/removal-thread.mjs', import.meta.url);
const mortal = new URL('../testing/workers/mortal-removal-thread.mjs', import.meta.url);

function threads(cores: number, module: URL = entry, smallest = 0): RemovalThreads {
  const removal = new RemovalThreads({ cores, smallest, entry: module });
  onTestFinished(() => removal.close());
  return removal;
}

function shared(elements: Int32Array): Int32Array<SharedArrayBuffer> {
  const sum = new Int32Array(new SharedArrayBuffer(elements.byteLength));
  sum.set(elements);
  return sum;
}

function sumOf(length: number): Int32Array<SharedArrayBuffer> {
  return shared(Int32Array.from({ length }, (_, i) => Math.imul(i + 1, 0x9e3779b1)));
}

function seedsOf(added: number, subtracted: number, first = 1): MaskSeeds {
  const seed = (number: number): Uint8Array => new Uint8Array(32).fill(number % 251).fill(number >> 8, 30);
  return {
    added: Array.from({ length: added }, (_, i) => seed(first + i)),
    subtracted: Array.from({ length: subtracted }, (_, i) => seed(first + added + i)),
  };
}

function areZero({ added, subtracted }: MaskSeeds): boolean {
  return [...added, ...subtracted].every((seed) => seed.every((byte) => byte === 0));
}

function fixedSeed(what: string): number {
  const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stdout.write(`${what}: NOREN_TEST_SEED=${seed}\n`);
  return seed;
}

test('a mask stream that begins anywhere is the rest of the one from the beginning', () => {
  const seed = fixedSeed('mask streams property');
  const property = fc.property(
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fc.integer({ min: 0, max: PIECE_WORDS - 1 }),
    fc.integer({ min: 1, max: 40 }),
    (key, start, words) => {
      const whole = new MaskStream(key).next(PIECE_WORDS);
      const rest = new MaskStream(key, start).next(Math.min(words, PIECE_WORDS - start));
      expect(rest).toEqual(whole.slice(start, start + words));
    },
  );
  fc.assert(property, { seed, numRuns: 200 });
});

test('a mask stream may begin beyond 2^32 words', () => {
  const key = new Uint8Array(32).fill(5);
  const far = 2 ** 35 + 8;
  const before = new MaskStream(key, far - 8).next(16);
  expect(new MaskStream(key, far + 3).next(4)).toEqual(before.slice(11, 15));
  expect(before).not.toEqual(new MaskStream(key, 0).next(16));
});

test('in threads the same masks are removed as in one, bit for bit', async () => {
  const removals = [2, 3].map((cores) => threads(cores));
  const inTurns = new RemovalInTurns();
  const seed = fixedSeed('removal in threads property');
  const property = fc.asyncProperty(
    fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3 * PIECE_WORDS })),
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: 10, max: 32 }).map((bits) => bits as RingBits),
    fc.integer({ min: 1, max: 60_000 }),
    async (length, added, subtracted, ringBits, first) => {
      const expected = sumOf(length);
      await inTurns.remove(expected, seedsOf(added, subtracted, first));
      centre(expected, ringBits);
      for (const removal of removals) {
        const sum = sumOf(length);
        await removal.remove(sum, seedsOf(added, subtracted, first));
        centre(sum, ringBits);
        expect(Buffer.compare(Buffer.from(sum.buffer), Buffer.from(expected.buffer))).toBe(0);
      }
    },
  );
  await fc.assert(property, { seed, numRuns: 60 });
});

test('more masks than there are streams at once are all applied', () => {
  const seeds = seedsOf(300, 301);
  const expected = sumOf(5);
  for (const seed of seeds.added) new MaskStream(seed).next(5).forEach((word, i) => (expected[i]! += word));
  for (const seed of seeds.subtracted) new MaskStream(seed).next(5).forEach((word, i) => (expected[i]! -= word));
  const sum = sumOf(5);
  finish(applyMasks(sum, seeds));
  expect(sum).toEqual(expected);
});

test('in the own thread the event loop has its turn after every so many words of masks', async () => {
  let turns = 0;
  const removal = new RemovalInTurns(async () => {
    turns += 1;
  });
  const [length, masks] = [8 * PIECE_WORDS, 64];
  await removal.remove(sumOf(length), seedsOf(masks, 0));
  expect(turns).toBe((length * masks) / TURN_WORK);
});

test('while threads remove masks the event loop of their owner goes on turning', async () => {
  let turns = 0;
  const clock = setInterval(() => (turns += 1), 1);
  onTestFinished(() => clearInterval(clock));
  // Some hundred milliseconds: a loop that stood still meanwhile would not have turned at all.
  await threads(2).remove(sumOf(20 * PIECE_WORDS), seedsOf(100, 100));
  expect(turns).toBeGreaterThan(0);
});

test('several sums at the same time share the threads', async () => {
  const removal = threads(2);
  const lengths = [1, 50, 1000, 2 * PIECE_WORDS + 1];
  const sums = lengths.map(sumOf);
  await Promise.all(sums.map((sum, index) => removal.remove(sum, seedsOf(2, 3, 10 * index))));
  for (const [index, length] of lengths.entries()) {
    const expected = sumOf(length);
    await new RemovalInTurns().remove(expected, seedsOf(2, 3, 10 * index));
    expect(sums[index]).toEqual(expected);
  }
});

test('seeds are zero once the masks are removed', async () => {
  for (const removal of [new RemovalInTurns(), threads(2)]) {
    const seeds = seedsOf(2, 3);
    await removal.remove(sumOf(100), seeds);
    expect(areZero(seeds)).toBe(true);
  }
});

test('a thread that dies fails its sum by name, and the next sum gets another thread', async () => {
  const removal = threads(2, mortal);
  const seeds = seedsOf(2, 3);
  await expect(removal.remove(sumOf(26), seeds)).rejects.toMatchObject({
    code: 'worker-failed',
    message: 'A thread that removes masks stopped before it was done (RangeError: no more room).',
  });
  expect(areZero(seeds)).toBe(true);
  const [sum, expected] = [sumOf(100), sumOf(100)];
  await removal.remove(sum, seedsOf(2, 3));
  await new RemovalInTurns().remove(expected, seedsOf(2, 3));
  expect(sum).toEqual(expected);
});

test.each([
  { what: 'one core', removal: () => threads(1, mortal), sum: sumOf(26) },
  { what: 'no core', removal: () => threads(0, mortal), sum: sumOf(26) },
  { what: 'little work', removal: () => threads(2, mortal, 26 * 5 + 1), sum: sumOf(26) },
  { what: 'a sum in memory of its own', removal: () => threads(2, mortal), sum: Int32Array.from(sumOf(26)) },
])('with $what no thread is made', async ({ removal, sum }) => {
  const expected = sumOf(26);
  await new RemovalInTurns().remove(expected, seedsOf(2, 3));
  await removal().remove(sum, seedsOf(2, 3));
  expect(Array.from(sum)).toEqual(Array.from(expected));
});

test('threads that were ended remove nothing more', async () => {
  const removal = threads(2);
  await removal.remove(sumOf(10), seedsOf(1, 1));
  await removal.close();
  const seeds = seedsOf(1, 1);
  await expect(removal.remove(sumOf(10), seeds)).rejects.toMatchObject({ code: 'wrong-state' });
  expect(areZero(seeds)).toBe(true);
  await removal.close();
});

test('a round is opened by threads, and fails by name when one dies', async () => {
  const opened = async (module: URL): Promise<Int32Array> => {
    const federation = new TestFederation(5, 26);
    const { sites, coordinator } = federation;
    await federation.advertiseAndShare(sites, sites);
    // One is lost after it shared its secrets: its pair masks are among those to remove.
    for (const site of sites.slice(1)) await federation.upload(site, new Int32Array(26).fill(-3));
    const request = federation.confirmSurvivors();
    for (const { siteId, round } of sites.slice(1)) coordinator.reveal(siteId, round.reveal(request));
    return coordinator.unmask(undefined, threads(2, module));
  };
  expect(await opened(entry)).toEqual(new Int32Array(26).fill(-12));
  await expect(opened(mortal)).rejects.toMatchObject({ code: 'worker-failed' });
});
