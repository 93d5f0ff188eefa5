import { expect, test } from 'vitest';

import { EXTRA_ELEMENTS, encodeUpdateInTurns, quantiserFor } from '../ring/quantiser.ts';
import { codeOf, TestFederation } from '../testing/federation.ts';

const SITES = 4;

async function ready(length: number): Promise<TestFederation> {
  const federation = new TestFederation(SITES, length);
  await federation.advertiseAndShare(federation.sites, federation.sites);
  return federation;
}

test('a site that masks in turns has its event loop turn after every 4 Mi words of masks', async () => {
  const length = 2 ** 21;
  const federation = await ready(length);
  let turns = 0;
  const { chunks } = await federation.sites.at(0)!.round.maskInTurns(new Int32Array(length), async () => {
    turns += 1;
  });
  expect(Array.from(chunks)).toHaveLength(length / 65_536);
  // Its self mask, and one with each of the others.
  expect(turns).toBe((SITES * length) / 2 ** 22);
});

test('vectors that are masked in turns, all sites at the same time, make the same sum', async () => {
  const length = 70_000;
  const federation = await ready(length);
  const { sites, coordinator } = federation;
  await Promise.all(
    sites.map(async ({ siteId, round }, index) => {
      const vector = Int32Array.from({ length }, (_, i) => i - index);
      const { header, chunks } = await round.maskInTurns(vector, undefined, 1000);
      const sink = coordinator.beginUpload(siteId, header);
      Array.from(chunks).forEach((chunk, place) => sink.chunk(place, chunk));
      await sink.complete(chunks);
    }),
  );
  const request = federation.confirmSurvivors();
  for (const { siteId, round } of sites) coordinator.reveal(siteId, round.reveal(request));
  expect(await coordinator.unmask()).toEqual(Int32Array.from({ length }, (_, i) => SITES * i - 6));
});

test('masking that is stopped half-way is not begun again', async () => {
  const length = 2 ** 21;
  const { round } = (await ready(length)).sites.at(0)!;
  const stop = async (): Promise<void> => {
    throw new Error('the round is over');
  };
  await expect(round.maskInTurns(new Int32Array(length), stop)).rejects.toThrow('the round is over');
  expect(codeOf(() => round.mask(new Int32Array(length)))).toBe('already-masked');
});

test.each([false, true])('an update is quantised in turns (rotated: %s)', async (rotated) => {
  const update = Float32Array.from({ length: 2 ** 20 }, (_, i) => Math.sin(i));
  const rotation = rotated ? { planHash: new Uint8Array(32), length: update.length } : null;
  const quantiser = quantiserFor({ clipNorm: 1000, sites: SITES, rotation });
  let turns = 0;
  const vector = await encodeUpdateInTurns(update, 1, quantiser, async () => {
    turns += 1;
  });
  // Every 2^18 elements, in the transform as in the rounding; once after the signs.
  expect(turns).toBe(rotated ? 4 + 1 + 4 : 4);
  expect(vector).toHaveLength(update.length + EXTRA_ELEMENTS);
  if (!rotated) expect(Math.abs(vector.at(1000)! - update[1000]! * quantiser.scale)).toBeLessThanOrEqual(1);
});
