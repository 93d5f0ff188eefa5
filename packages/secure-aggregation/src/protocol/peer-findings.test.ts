import { expect, test } from 'vitest';

import { MaskStream } from '../masks/mask-stream.ts';
import { ringBytes } from '../masks/ring.ts';
import { encodeUpdate, decodeSum, quantiserFor } from '../ring/quantiser.ts';
import { codeOf, siteIdOf, TestFederation } from '../testing/federation.ts';
import { SiteRound } from './site-round.ts';

/*
 * What was found in shipped implementations (design, section 1.2), one test each: these mistakes must not be made here.
 */

test('Flower (a): all 256 bits of a seed make the mask; a folded seed makes another one', () => {
  const seed = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 1);
  const mask = new MaskStream(seed).next(8);
  // Swapping two 32-bit words keeps the exclusive or of all words, which is all that Flower's generator sees.
  const sameFold = new Uint8Array([...seed.slice(4, 8), ...seed.slice(0, 4), ...seed.slice(8)]);
  expect(new MaskStream(sameFold).next(8)).not.toEqual(mask);
  for (let bit = 0; bit < 256; bit++) {
    const changed = seed.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    expect(new MaskStream(changed).next(8)).not.toEqual(mask);
  }
});

test('Flower (b): a client asked for both shares of one site gives out one at most', async () => {
  const federation = new TestFederation(5, 4);
  await federation.untilUploaded(() => new Int32Array(4));
  const { round } = federation.sites.at(0)!;
  const answer = round.reveal(federation.requestFor([0, 1, 2, 3]));
  expect(answer.shares.map(({ of }) => of)).toEqual([0, 1, 2, 3, 4]);
  expect(codeOf(() => round.reveal(federation.requestFor([0, 1, 2, 4])))).toBe('already-revealed');
});

test('Flower (c): the threshold is computed by each site, not taken from the server', () => {
  // There is no field to say it in: what a site is given is who takes part, and it has its own floor.
  const federation = new TestFederation(3, 4);
  const advertisement = federation.sites.at(0)!.round.advertise();
  expect(Object.keys(advertisement).sort()).toEqual([
    'channelKey',
    'maskKey',
    'nonce',
    'roundId',
    'selfMaskCommitment',
    'signature',
    'siteId',
  ]);
  federation.coordinator.advertise(advertisement);
  for (const { round } of federation.sites.slice(1)) federation.coordinator.advertise(round.advertise());
  expect(Object.keys(federation.coordinator.closeKeys()).sort()).toEqual([
    'advertisements',
    'cohort',
    'identityKeys',
    'roundId',
  ]);
});

test('Flower (d): the weight and the clipping indicator travel inside the masked vector only', async () => {
  const quantiser = quantiserFor({ clipNorm: 1, sites: 3 });
  const federation = new TestFederation(3, 3);
  await federation.advertiseAndShare(federation.sites, federation.sites);
  const weights = [0.25, 0.5, 1];
  const sent: { plain: Uint8Array; onTheWire: Buffer }[] = [];
  for (const [index, site] of federation.sites.entries()) {
    const encoded = encodeUpdate(new Float32Array([2]), weights.at(index)!, quantiser);
    const { header, chunks } = await federation.upload(site, encoded.slice());
    expect(Object.keys(header).sort()).toEqual([
      'chunkHashes',
      'length',
      'planHash',
      'rosterHash',
      'roundId',
      'signature',
    ]);
    sent.push({ plain: ringBytes(encoded), onTheWire: Buffer.concat([...chunks]) });
  }
  // Not one of the three elements is on the wire as it is.
  for (const { plain, onTheWire } of sent) {
    for (const element of [0, 4, 8]) {
      const word = onTheWire.subarray(element, element + 4);
      expect(word.equals(plain.subarray(element, element + 4))).toBe(false);
    }
  }
  const request = federation.confirmSurvivors();
  for (const { siteId, round } of federation.sites) federation.coordinator.reveal(siteId, round.reveal(request));
  const decoded = decodeSum(await federation.coordinator.unmask(), quantiser);
  expect(decoded.weight).toBeCloseTo(1.75, 6);
  expect(decoded.clipped).toBe(3);
});

test('Flower (e): a site lost before or after it shared its secrets does not stop the round', async () => {
  const federation = new TestFederation(7, 4);
  const { sites, coordinator } = federation;
  // Of seven one is lost before keys; of the six left one before sharing; a threshold of five remains.
  await federation.advertiseAndShare(sites.slice(0, 6), sites.slice(0, 5));
  for (const site of sites.slice(0, 5)) await federation.upload(site, new Int32Array(4).fill(3));
  const request = federation.confirmSurvivors();
  for (const { siteId, round } of sites.slice(0, 5)) coordinator.reveal(siteId, round.reveal(request));
  expect(await coordinator.unmask()).toEqual(new Int32Array(4).fill(15));
  expect(coordinator.dropped).toEqual([siteIdOf(5)]);
});

test('Flower (f): masks take every value of the ring, the top ones included', () => {
  const words = new MaskStream(new Uint8Array(32).fill(3)).next(16_384);
  // Each of the 256 values of the highest and of the lowest byte: 64 expected, none can be missing (probability 1e-25).
  for (const shift of [0, 24]) {
    const counts = new Map<number, number>();
    for (const word of words) counts.set((word >>> shift) & 255, (counts.get((word >>> shift) & 255) ?? 0) + 1);
    expect(counts.size).toBe(256);
    expect(Math.max(...counts.values())).toBeLessThan(128);
  }
});

test('google FCP: repeated, already dead and self-dead sites, and too few alive, end a client’s part', async () => {
  const requests = [
    { survivors: [0, 1, 1, 2, 3], code: 'malformed' },
    { survivors: [0, 1, 2, 3, 4], code: 'unknown-survivor' },
    { survivors: [1, 2, 3], code: 'declared-dropped' },
    { survivors: [0, 1], code: 'too-few-sites' },
  ];
  for (const { survivors, code } of requests) {
    const federation = new TestFederation(5, 4);
    const sharing = federation.sites.slice(0, 4);
    await federation.advertiseAndShare(federation.sites, sharing);
    for (const site of sharing) await federation.upload(site, new Int32Array(4));
    const { round } = federation.sites.at(0)!;
    expect(codeOf(() => round.confirm({ roundId: federation.roundId, survivors }))).toBe(code);
    expect(codeOf(() => round.confirm(federation.coordinator.closeUploads()))).toBe('abandoned');
  }
});

test('FATE, DISCO: a mask hides any vector equally well, and cancels without a remainder', async () => {
  // Float masks of bounded size do neither: here the extremes of the ring come back bit for bit.
  const federation = new TestFederation(3, 2);
  await federation.advertiseAndShare(federation.sites, federation.sites);
  const extremes = [
    [2 ** 31 - 1, -(2 ** 31)],
    [1, -1],
    [0, 0],
  ];
  for (const [index, site] of federation.sites.entries())
    await federation.upload(site, new Int32Array(extremes.at(index)!));
  const request = federation.confirmSurvivors();
  for (const { siteId, round } of federation.sites) federation.coordinator.reveal(siteId, round.reveal(request));
  expect(await federation.coordinator.unmask()).toEqual(new Int32Array([-(2 ** 31), 2 ** 31 - 1]));
});

test('a site that was restarted has lost its masks and cannot take its place again', async () => {
  const federation = new TestFederation(4, 4);
  await federation.advertiseAndShare(federation.sites, federation.sites);
  const { siteId, identity } = federation.sites.at(0)!;
  const floor = { minimumSites: 3, minimumThresholdFraction: 0 };
  const restarted = SiteRound.begin({ ...federation.context, siteId, identity, floor });
  expect(codeOf(() => restarted.mask(new Int32Array(4)))).toBe('wrong-state');
  restarted.advertise();
  // Its new keys are not those of the roster.
  await expect(restarted.share(federation.roster!)).rejects.toMatchObject({ code: 'not-included' });
});
