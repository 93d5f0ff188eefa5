import { expect, test } from 'vitest';

import { codeOf, identityOf, siteIdOf, TestFederation } from '../testing/federation.ts';
import { CoordinatorRound } from './coordinator-round.ts';
import type { MaskedVector } from './masked-vector.ts';
import { SiteRound } from './site-round.ts';

const LENGTH = 10;
const ones = (): Int32Array => new Int32Array(LENGTH).fill(1);

test('a message that comes again unchanged is passed over in every phase', async () => {
  const federation = new TestFederation(3, LENGTH);
  const { sites, coordinator } = federation;
  for (const { round } of sites) {
    const message = round.advertise();
    coordinator.advertise(message);
    coordinator.advertise(message);
  }
  const roster = coordinator.closeKeys();
  for (const { siteId, round } of sites) {
    const message = await round.share(roster);
    coordinator.shares(siteId, message);
    coordinator.shares(siteId, message);
  }
  const deliveries = coordinator.closeShares();
  for (const { siteId, round } of sites) {
    round.receiveShares(deliveries.get(siteId)!);
    const { header, chunks } = round.mask(ones(), 4);
    for (let times = 0; times < 2; times++) {
      const sink = coordinator.beginUpload(siteId, header);
      Array.from(chunks).forEach((chunk, index) => sink.chunk(index, chunk));
      await sink.complete(chunks);
      await sink.complete(chunks);
    }
  }
  const request = federation.confirmSurvivors();
  for (const { siteId, round } of sites) {
    const message = round.reveal(request);
    coordinator.reveal(siteId, message);
    coordinator.reveal(siteId, message);
  }
  expect(await coordinator.unmask()).toEqual(new Int32Array(LENGTH).fill(3));
});

test('a second, different message of one site is refused', async () => {
  const federation = new TestFederation(3, LENGTH);
  const { sites, coordinator } = federation;
  const { identity, siteId } = sites.at(0)!;
  const floor = { minimumSites: 3, minimumThresholdFraction: 0 };
  const twin = SiteRound.begin({ ...federation.context, siteId, identity, floor });
  coordinator.advertise(sites.at(0)!.round.advertise());
  expect(codeOf(() => coordinator.advertise(twin.advertise()))).toBe('duplicate-site');
});

test('calls out of turn are refused and change nothing', async () => {
  const federation = new TestFederation(3, LENGTH);
  const { sites, coordinator } = federation;
  const early = [
    () => coordinator.closeShares(),
    () => coordinator.closeUploads(),
    () => coordinator.closeConsistency(),
    () => coordinator.confirm(siteIdOf(0), { roundId: federation.roundId, signature: new Uint8Array(64) }),
    () => sites.at(0)!.round.confirm({ roundId: federation.roundId, survivors: [0, 1, 2] }),
    () => sites.at(0)!.round.mask(ones()),
    () => sites.at(0)!.round.reveal({ roundId: federation.roundId, survivors: [0, 1, 2], witnesses: [] }),
    () => sites.at(0)!.round.receiveShares({ roundId: federation.roundId, sharingSites: [], shares: [] }),
  ];
  for (const call of early) expect(codeOf(call)).toBe('wrong-state');
  await expect(coordinator.unmask()).rejects.toMatchObject({ code: 'wrong-state' });

  const request = await federation.untilConfirmed(ones);
  expect(codeOf(() => sites.at(0)!.round.advertise())).toBe('wrong-state');
  expect(codeOf(() => coordinator.closeKeys())).toBe('wrong-state');
  for (const { siteId, round } of sites) coordinator.reveal(siteId, round.reveal(request));
  expect(await coordinator.unmask()).toEqual(new Int32Array(LENGTH).fill(3));
  await expect(coordinator.unmask()).rejects.toMatchObject({ code: 'wrong-state' });
});

test('two calls of unmask at the same time take the masks off once', async () => {
  const federation = new TestFederation(3, LENGTH);
  const request = await federation.untilConfirmed(ones);
  for (const { siteId, round } of federation.sites) federation.coordinator.reveal(siteId, round.reveal(request));
  const [first, second] = await Promise.allSettled([federation.coordinator.unmask(), federation.coordinator.unmask()]);
  expect(first).toEqual({ status: 'fulfilled', value: new Int32Array(LENGTH).fill(3) });
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'wrong-state' } });
});

test('closing with too few sites leaves the phase open for those who are late', async () => {
  const federation = new TestFederation(4, LENGTH);
  const { sites, coordinator } = federation;
  const advertisements = sites.map(({ round }) => round.advertise());
  for (const message of advertisements.slice(0, 2)) coordinator.advertise(message);
  expect(codeOf(() => coordinator.closeKeys())).toBe('too-few-sites');
  expect(coordinator.missing).toEqual([siteIdOf(2), siteIdOf(3)]);
  for (const message of advertisements.slice(2)) coordinator.advertise(message);
  const roster = coordinator.closeKeys();
  for (const { siteId, round } of sites.slice(0, 2)) coordinator.shares(siteId, await round.share(roster));
  expect(codeOf(() => coordinator.closeShares())).toBe('too-few-sites');
  coordinator.shares(siteIdOf(2), await sites.at(2)!.round.share(roster));
  expect([...coordinator.closeShares().keys()]).toEqual([siteIdOf(0), siteIdOf(1), siteIdOf(2)]);
  expect(coordinator.dropped).toEqual([siteIdOf(3)]);
});

test('who is in, out and awaited can be read at any time', async () => {
  const federation = new TestFederation(5, LENGTH);
  const { sites, coordinator } = federation;
  const ids = sites.map(({ siteId }) => siteId);
  expect(coordinator).toMatchObject({ phase: 'keys', cohort: [], survivors: [], dropped: [], missing: ids });
  await federation.advertiseAndShare(sites, sites);
  expect(coordinator).toMatchObject({ phase: 'uploads', cohort: ids, survivors: [], dropped: [], missing: ids });
  for (const site of sites.slice(0, 4)) await federation.upload(site, ones());
  expect(coordinator.missing).toEqual(ids.slice(4));
  const request = federation.confirmSurvivors(sites.slice(0, 4));
  expect(coordinator).toMatchObject({ phase: 'reveals', survivors: ids.slice(0, 4), dropped: ids.slice(4) });
  for (const { siteId, round } of sites.slice(0, 4)) coordinator.reveal(siteId, round.reveal(request));
  expect(coordinator).toMatchObject({ missing: [], canUnmask: true });
  await coordinator.unmask();
  expect(coordinator).toMatchObject({ phase: 'unmasked', canUnmask: false, cohort: ids, survivors: ids.slice(0, 4) });
});

test('strangers are turned away in every phase, and so is who has dropped out', async () => {
  const federation = new TestFederation(5, LENGTH);
  const { sites, coordinator } = federation;
  const stranger = { ...federation.context, siteId: 'stranger', identity: identityOf(8) };
  const floor = { minimumSites: 3, minimumThresholdFraction: 0 };
  const uninvited = SiteRound.begin({ ...stranger, floor }).advertise();
  expect(codeOf(() => coordinator.advertise(uninvited))).toBe('unknown-site');

  await federation.advertiseAndShare(sites, sites.slice(0, 4));
  const uploads: MaskedVector[] = [];
  for (const site of sites.slice(0, 4)) uploads.push(await federation.upload(site, ones()));
  const { header } = uploads.at(0)!;
  expect(codeOf(() => coordinator.beginUpload(siteIdOf(4), header))).toBe('unknown-site');
  const answer = sites.at(0)!.round.reveal(federation.confirmSurvivors());
  expect(codeOf(() => coordinator.reveal(siteIdOf(4), answer))).toBe('unknown-site');
  expect(codeOf(() => coordinator.reveal('stranger', answer))).toBe('unknown-site');
});

test('unmasking gives up its turn after every site’s secret and every 4 Mi words of masks', async () => {
  const length = 3 * 2 ** 20;
  const federation = new TestFederation(3, length);
  const request = await federation.untilConfirmed((index) => new Int32Array(length).fill(index));
  for (const { siteId, round } of federation.sites) federation.coordinator.reveal(siteId, round.reveal(request));
  let turns = 0;
  const sum = await federation.coordinator.unmask(async () => {
    turns += 1;
  });
  // Three secrets; three masks make nine Mi words.
  expect(turns).toBe(3 + 2);
  expect(sum.every((value) => value === 3)).toBe(true);
});

test.each([
  { change: { planHash: new Uint8Array(31) }, what: 'a plan hash that is none' },
  { change: { length: 0 }, what: 'no elements' },
  { change: { length: 1.5 }, what: 'half an element' },
  { change: { roundId: '' }, what: 'no round id' },
])('a round with $what cannot begin', ({ change }) => {
  const context = { roundId: 'round-1', planHash: new Uint8Array(32), length: LENGTH, ...change };
  expect(codeOf(() => CoordinatorRound.begin({ ...context, sites: new Map() }))).toBe('malformed');
});
