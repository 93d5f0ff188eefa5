import { expect, test, vi } from 'vitest';

import { secureRandom } from '../keys/random.ts';
import { combineShares } from '../keys/secret-sharing.ts';
import { MaskStream } from '../masks/mask-stream.ts';
import { ringBytes } from '../masks/ring.ts';
import { encodeUpdate, decodeSum, quantiserFor } from '../ring/quantiser.ts';
import type { KeyRoster, RevealedShare } from '../messages.ts';
import { codeOf, identityOf, rejectionCodeOf, siteIdOf, TestFederation } from '../testing/federation.ts';
import { rosterOf, withAdvertisement, withSignedAdvertisement } from '../testing/tampering.ts';
import { KeySchedule, matchesCommitment } from './key-schedule.ts';
import { SiteRound } from './site-round.ts';
import type { SiteNumber } from './site-number.ts';

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

test('Flower (a): all 256 bits of a pair’s seed vary, not the 28 that text of the same length would leave', () => {
  const schedule = new KeySchedule(new Uint8Array(32).fill(1), new Uint8Array(32).fill(2));
  const seeds = Array.from({ length: 64 }, () => schedule.pairSeed(secureRandom(32), 0 as SiteNumber, 1 as SiteNumber));
  // 64 seeds have a bit in common with a probability of 2^-63, one of 256 with 2^-55.
  for (let bit = 0; bit < 256; bit++) {
    const values = new Set(seeds.map((seed) => (seed[bit >> 3]! >> (bit & 7)) & 1));
    expect(values.size).toBe(2);
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

test('Flower (c): keys that nobody has signed, or another site has, are not masked with', async () => {
  const cases = [
    { change: (roster: KeyRoster) => withAdvertisement(roster, 1, { signature: new Uint8Array(64) }) },
    {
      change: (roster: KeyRoster, { context }: TestFederation) =>
        withSignedAdvertisement(roster, 1, {}, identityOf(2), context),
    },
  ];
  for (const { change } of cases) {
    const federation = new TestFederation(4, 4);
    const roster = change(rosterOf(federation), federation);
    expect(await rejectionCodeOf(federation.sites.at(0)!.round.share(roster))).toBe('bad-signature');
  }
});

test('Flower (c): whom a site masks with is agreed, not told: with another list its shares and vector fit nobody', async () => {
  const federation = new TestFederation(5, 4);
  const { sites, coordinator } = federation;
  const roster = rosterOf(federation);
  const without = {
    ...roster,
    advertisements: roster.advertisements.slice(0, 4),
    identityKeys: roster.identityKeys.slice(0, 4),
  };
  const misled = await sites.at(0)!.round.share(without);
  expect(codeOf(() => coordinator.shares(siteIdOf(0), misled))).toBe('wrong-roster');
  for (const { siteId, round } of sites.slice(1)) coordinator.shares(siteId, await round.share(roster));
  const toSite1 = coordinator.closeShares().get(siteIdOf(1))!;
  // A coordinator that passes the misled site's share on all the same.
  const shares = [misled.shares.find(({ to }) => to === 1)!, ...toSite1.shares];
  const delivery = { ...toSite1, sharingSites: [0, 1, 2, 3, 4], shares };
  expect(codeOf(() => sites.at(1)!.round.receiveShares(delivery))).toBe('bad-share');
});

test('Flower (c): nobody reveals on the server’s word alone: a threshold of sites has signed the survivors', async () => {
  const federation = new TestFederation(4, 4);
  await federation.untilUploaded(() => new Int32Array(4));
  const request = federation.requestFor([0, 1, 2, 3], []);
  expect(codeOf(() => federation.sites.at(0)!.round.reveal(request))).toBe('unconfirmed');
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

test('Flower (f), SecretFlow, DISCO: seeds and rounding come from the cryptographic source and from nothing else', () => {
  const predictable = vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const asked: number[] = [];
  const counted = (bytes: number): Uint8Array => {
    asked.push(bytes);
    return secureRandom(bytes);
  };
  const federation = new TestFederation(3, 4, () => ({ random: counted }));
  federation.sites.at(0)!.round.advertise();
  // Self mask seed, two private keys and the nonce.
  expect(asked).toEqual([32, 32, 32, 16]);
  const quantiser = { clipNorm: 1e4, scale: 1, weightScale: 1, rotation: null };
  const halves = new Float32Array(2000).fill(0.5);
  const rounded = encodeUpdate(halves, 1, quantiser, counted);
  expect(asked.at(-1)).toBe(32);
  expect(encodeUpdate(halves, 1, quantiser, counted)).not.toEqual(rounded);
  // Half of them up: 1000, standard deviation 22.
  expect(Math.abs(rounded.slice(0, 2000).reduce((sum, value) => sum + value, 0) - 1000)).toBeLessThan(180);
  expect(predictable).not.toHaveBeenCalled();
  predictable.mockRestore();
});

test('xaynet: no participant can open another’s mask; with the coordinator it takes a threshold of them', async () => {
  const federation = new TestFederation(5, 4);
  await federation.advertiseAndShare(federation.sites, federation.sites);
  for (const site of federation.sites.slice(0, 4)) await federation.upload(site, new Int32Array(4));
  const request = federation.confirmSurvivors();
  const revealed = federation.sites.slice(0, 4).map(({ round }) => round.reveal(request));
  const { advertisements } = federation.roster!;
  const told = (of: number, by: readonly number[]): Uint8Array | null =>
    combineShares(by.map((site) => revealed[site]!.shares.find((share) => share.of === of)!.share.value));
  const opens = (of: number, kind: RevealedShare['share']['kind'], by: readonly number[]): boolean =>
    matchesCommitment(kind, told(of, by)!, advertisements[of]!);
  // Site 0's self mask, and the mask key of site 4, which was lost. Threshold four.
  for (const { of, kind } of [
    { of: 0, kind: 'self-mask' },
    { of: 4, kind: 'mask-key' },
  ] as const) {
    for (const by of [
      [1, 2],
      [0, 1],
      [1, 2, 3],
      [0, 1, 2],
    ])
      expect(opens(of, kind, by)).toBe(false);
    expect(opens(of, kind, [0, 1, 2, 3])).toBe(true);
  }
});

test('xaynet: no key outlives its round, so that what opens one sum opens no other', () => {
  const rounds = [new TestFederation(3, 4), new TestFederation(3, 4)];
  const said = rounds.map(({ sites }) => sites.at(0)!.round.advertise());
  for (const field of ['channelKey', 'maskKey', 'selfMaskCommitment', 'nonce'] as const) {
    expect(said.at(0)![field]).not.toEqual(said.at(1)![field]);
  }
  // Nor is it the site's identity in another form.
  const identity = identityOf(0).publicKey;
  expect([said.at(0)!.channelKey, said.at(0)!.maskKey]).not.toContainEqual(identity);
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
