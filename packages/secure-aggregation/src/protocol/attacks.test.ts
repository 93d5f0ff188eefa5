import { expect, test } from 'vitest';

import { groupParameters } from '../group-parameters.ts';
import { agree, keyPairFromScalar } from '../keys/agreement.ts';
import { secureRandom } from '../keys/random.ts';
import { combineShares } from '../keys/secret-sharing.ts';
import { applyMasks } from '../masks/mask-sum.ts';
import { codeOf, identityOf, rejectionCodeOf, siteIdOf, TestFederation, type TestSite } from '../testing/federation.ts';
import { finish } from '../turns.ts';
import { rosterOf, withAdvertisement, withIdentity, withSignedAdvertisement } from '../testing/tampering.ts';
import { KeySchedule, signedPairSeeds } from './key-schedule.ts';
import type { SiteNumber } from './site-number.ts';
import type { SiteRoundOptions } from './site-round.ts';

/*
 * One test or more for every attack that this layer answers; the numbers are those of the threat table in the design
 * (section 1.3). The coordinator of these tests uses everything it legitimately holds, and forges what it can.
 * `dishonest-parties.test.ts` has attacks 14 to 16.
 */

const LENGTH = 40;
const zeros = (): Int32Array => new Int32Array(LENGTH);

function federationOf(sites: number, override?: (index: number) => Partial<SiteRoundOptions>): TestFederation {
  return new TestFederation(sites, LENGTH, override);
}

function first(federation: TestFederation): TestSite {
  return federation.sites.at(0)!;
}

test('attack 1, model inconsistency: a site that was shown another plan finds nobody to mask with', async () => {
  const otherPlan = new Uint8Array(32).fill(8);
  const federation = federationOf(4, (index) => (index === 3 ? { planHash: otherPlan } : {}));
  const advertisements = federation.sites.map(({ round }) => round.advertise());
  expect(codeOf(() => federation.coordinator.advertise(advertisements.at(3)!))).toBe('bad-signature');

  // A coordinator that wants it so passes the advertisements around all the same.
  const identityKeys = federation.sites.map(({ identity }) => identity.publicKey);
  const roster = { roundId: federation.roundId, advertisements, identityKeys, cohort: [] };
  const codes = await Promise.all(federation.sites.map(({ round }) => rejectionCodeOf(round.share(roster))));
  expect(codes).toEqual(['bad-signature', 'bad-signature', 'bad-signature', 'bad-signature']);
});

test('attack 1, model inconsistency: masks derived under different plans or rosters do not cancel', () => {
  const [a, b] = [0 as SiteNumber, 1 as SiteNumber];
  const [secret, plan, roster, other] = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const seed = new KeySchedule(plan, roster).pairSeed(secret, a, b);
  expect(new KeySchedule(plan, roster).pairSeed(secret, b, a)).toEqual(seed);
  expect(new KeySchedule(other, roster).pairSeed(secret, a, b)).not.toEqual(seed);
  expect(new KeySchedule(plan, other).pairSeed(secret, a, b)).not.toEqual(seed);
});

test('attack 2, cohort stuffing: one identity cannot take two seats', async () => {
  const federation = federationOf(4);
  const roster = withSignedAdvertisement(rosterOf(federation), 2, {}, identityOf(1), federation.context);
  const stuffed = withIdentity(roster, 2, identityOf(1).publicKey);
  expect(await rejectionCodeOf(first(federation).round.share(stuffed))).toBe('duplicate-key');
});

test('attack 2, cohort stuffing: a site keeps to its own minimum group and threshold', async () => {
  // Four sites have a threshold of three.
  const cases = [
    { floor: { minimumSites: 5, minimumThresholdFraction: 0 }, code: 'too-few-sites' },
    { floor: { minimumSites: 3, minimumThresholdFraction: 0.8 }, code: 'too-few-sites' },
    { floor: { minimumSites: 4, minimumThresholdFraction: 0.75 }, code: undefined },
  ];
  for (const { floor, code } of cases) {
    const federation = federationOf(4, () => ({ floor }));
    expect(await rejectionCodeOf(first(federation).round.share(rosterOf(federation)))).toBe(code);
  }
});

test('attack 2, cohort stuffing: a floor that is no number does not let every round pass', () => {
  const floors = [
    { minimumSites: Number.NaN, minimumThresholdFraction: 0.5 },
    { minimumSites: 3.5, minimumThresholdFraction: 0.5 },
    { minimumSites: 3, minimumThresholdFraction: Number.NaN },
    { minimumSites: 3, minimumThresholdFraction: 1.5 },
  ];
  for (const floor of floors) expect(codeOf(() => federationOf(3, () => ({ floor })))).toBe('malformed');
});

test('attack 2, cohort stuffing: the floor also holds for those that share and those that survive', async () => {
  const floor = { minimumSites: 6, minimumThresholdFraction: 0 };
  const sharing = federationOf(6, () => ({ floor }));
  const five = sharing.sites.slice(0, 5);
  expect(await rejectionCodeOf(sharing.advertiseAndShare(sharing.sites, five))).toBe('too-few-sites');

  const surviving = federationOf(6, () => ({ floor }));
  await surviving.untilUploaded(zeros);
  const fewer = surviving.requestFor([0, 1, 2, 3, 4]);
  expect(codeOf(() => first(surviving).round.reveal(fewer))).toBe('too-few-sites');
});

test('attack 3, key substitution: the coordinator cannot put its own key in the place of a site’s', async () => {
  const maskKey = keyPairFromScalar(new Uint8Array(32).fill(9)).publicKey;
  for (const change of [{ maskKey }, { channelKey: maskKey }, { selfMaskCommitment: new Uint8Array(32) }]) {
    const federation = federationOf(4);
    const roster = withAdvertisement(rosterOf(federation), 2, change);
    expect(await rejectionCodeOf(first(federation).round.share(roster))).toBe('bad-signature');
  }
});

const registeredOf = (sites: number): Map<string, Uint8Array> =>
  new Map(Array.from({ length: sites }, (_, index) => [siteIdOf(index), identityOf(index).publicKey]));

test('attack 2, cohort stuffing: a coordinator cannot add sites that the registrar does not list', async () => {
  const registeredIdentities = registeredOf(3);
  const stuffed = federationOf(4, () => ({ registeredIdentities }));
  expect(await rejectionCodeOf(first(stuffed).round.share(rosterOf(stuffed)))).toBe('unknown-identity');
  const registered = federationOf(3, () => ({ registeredIdentities }));
  expect(await rejectionCodeOf(first(registered).round.share(rosterOf(registered)))).toBeUndefined();
});

test('attack 2, cohort stuffing: nor leave so many out that a site is alone with those it has won', async () => {
  const registeredIdentities = registeredOf(10);
  const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
  const cases = [
    { present: 4, minimumRosterFraction: 0.5, code: 'too-few-sites' },
    { present: 5, minimumRosterFraction: 0.5, code: undefined },
    // Without such a clause three of ten are a round.
    { present: 3, minimumRosterFraction: undefined, code: undefined },
    { present: 9, minimumRosterFraction: 1, code: 'too-few-sites' },
    { present: 10, minimumRosterFraction: 1, code: undefined },
  ];
  for (const { present, minimumRosterFraction, code } of cases) {
    const federation = federationOf(present, () => ({
      registeredIdentities,
      floor: { ...floor, minimumRosterFraction },
    }));
    const { round } = first(federation);
    const roster = rosterOf(federation);
    expect(await rejectionCodeOf(round.share(roster))).toBe(code);
    if (code !== undefined) expect(await rejectionCodeOf(round.share(roster))).toBe('abandoned');
  }
});

test('attack 2, cohort stuffing: a share of a roster that there is not, or that is none, is refused before anything is said', () => {
  const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
  expect(codeOf(() => federationOf(3, () => ({ floor: { ...floor, minimumRosterFraction: 0.5 } })))).toBe('malformed');
  for (const minimumRosterFraction of [Number.NaN, -0.1, 1.1]) {
    const options = { registeredIdentities: registeredOf(3), floor: { ...floor, minimumRosterFraction } };
    expect(codeOf(() => federationOf(3, () => options))).toBe('malformed');
  }
});

test('attack 3, key substitution: nor, for a site that the registrar lists, its own identity', async () => {
  const registeredIdentities = registeredOf(4);
  const federation = federationOf(4, () => ({ registeredIdentities }));
  const impostor = identityOf(9);
  const roster = withSignedAdvertisement(rosterOf(federation), 2, {}, impostor, federation.context);
  const substituted = withIdentity(roster, 2, impostor.publicKey);
  expect(await rejectionCodeOf(first(federation).round.share(substituted))).toBe('unknown-identity');
});

test('attack 3, key substitution: a site notices that it stands in the roster with other keys, or not at all', async () => {
  const exchanged = federationOf(4);
  const maskKey = keyPairFromScalar(new Uint8Array(32).fill(9)).publicKey;
  const roster = withSignedAdvertisement(rosterOf(exchanged), 0, { maskKey }, identityOf(0), exchanged.context);
  expect(await rejectionCodeOf(first(exchanged).round.share(roster))).toBe('not-included');

  const leftOut = federationOf(4);
  first(leftOut).round.advertise();
  for (const { round } of leftOut.sites.slice(1)) leftOut.coordinator.advertise(round.advertise());
  expect(await rejectionCodeOf(first(leftOut).round.share(leftOut.coordinator.closeKeys()))).toBe('not-included');
});

test('attack 4, both shares: a second request is not answered, whatever it asks', async () => {
  const federation = federationOf(5);
  await federation.untilUploaded(zeros);
  const { round } = first(federation);
  round.reveal(federation.requestFor([0, 1, 2, 3, 4]));
  const thatSite4Dropped = federation.requestFor([0, 1, 2, 3]);
  expect(codeOf(() => round.reveal(thatSite4Dropped))).toBe('already-revealed');
});

test('attack 4, both shares: an answer has one share of each site, and the coordinator takes no other', async () => {
  const federation = federationOf(5);
  await federation.advertiseAndShare(federation.sites, federation.sites);
  for (const site of federation.sites.slice(0, 4)) await federation.upload(site, zeros());
  const { round, siteId } = first(federation);
  const answer = round.reveal(federation.confirmSurvivors());
  expect(answer.shares.map(({ of, share }) => `${of} ${share.kind}`)).toEqual([
    '0 self-mask',
    '1 self-mask',
    '2 self-mask',
    '3 self-mask',
    '4 mask-key',
  ]);
  const mixedUp = answer.shares.map(({ of, share }) => ({ of, share: { ...share, kind: 'mask-key' as const } }));
  for (const shares of [[...answer.shares, answer.shares.at(3)!], answer.shares.slice(1), mixedUp]) {
    expect(codeOf(() => federation.coordinator.reveal(siteId, { ...answer, shares }))).toBe('wrong-share');
  }
});

test('attack 5, single survivor: a sum of fewer than the threshold is not revealed, and asking again is no use', async () => {
  for (const survivors of [[0], [0, 1], [0, 1, 2]]) {
    const federation = federationOf(5);
    await federation.untilUploaded(zeros);
    const { round } = first(federation);
    const request = federation.coordinator.closeUploads();
    expect(codeOf(() => round.confirm({ ...request, survivors }))).toBe('too-few-sites');
    expect(codeOf(() => round.confirm(request))).toBe('abandoned');
    expect(codeOf(() => round.reveal(federation.requestFor([0, 1, 2, 3, 4])))).toBe('abandoned');
  }
});

test('attack 6, split view of survivors: two camps can never both reach the threshold', () => {
  for (let sites = 3; sites <= 255; sites++) {
    expect(2 * groupParameters(sites).threshold).toBeGreaterThan(sites);
  }
});

test('attack 6, split view of survivors: nothing is revealed that a threshold of sites has not signed', async () => {
  // Threshold four of five.
  const requests = [
    { signers: [0, 1, 2], code: 'unconfirmed' },
    { signers: [], code: 'unconfirmed' },
    { signers: [0, 1, 1, 2], code: 'malformed' },
    { signers: [1, 2, 3, 4], code: 'unknown-survivor' },
    { signers: [0, 1, 2, 3], code: undefined },
  ];
  for (const { signers, code } of requests) {
    const federation = federationOf(5);
    await federation.untilUploaded(zeros);
    const request = federation.requestFor([0, 1, 2, 3], signers);
    expect(codeOf(() => first(federation).round.reveal(request))).toBe(code);
  }
});

test('attack 6, split view of survivors: signatures of another set, roster or plan do not count', async () => {
  for (const other of ['survivors', 'sharing sites', 'roster', 'plan'] as const) {
    const federation = federationOf(5);
    await federation.untilUploaded(zeros);
    const request = federation.requestFor([0, 1, 2, 3, 4]);
    const asked = other === 'survivors' ? { ...request, survivors: [0, 1, 2, 3] } : request;
    const witnesses = {
      survivors: () => request.witnesses.slice(0, 4),
      'sharing sites': () => {
        federation.sharing = [0, 1, 2, 3];
        return federation.requestFor([0, 1, 2, 3, 4]).witnesses;
      },
      roster: () => {
        federation.rosterHash = new Uint8Array(32);
        return federation.requestFor([0, 1, 2, 3, 4]).witnesses;
      },
      plan: () => {
        const { rosterHash, sharing } = federation;
        const otherPlan = new TestFederation(5, LENGTH, undefined, new Uint8Array(32).fill(9));
        return Object.assign(otherPlan, { rosterHash, sharing }).requestFor([0, 1, 2, 3, 4]).witnesses;
      },
    }[other]();
    expect(codeOf(() => first(federation).round.reveal({ ...asked, witnesses }))).toBe('bad-signature');
  }
});

test('attack 6, split view of survivors: a site signs one set and reveals for that one only', async () => {
  const federation = federationOf(5);
  await federation.untilUploaded(zeros);
  const { round } = first(federation);
  const everyone = federation.coordinator.closeUploads();
  const { signature } = round.confirm(everyone);
  expect(signature).toEqual(federation.requestFor([0, 1, 2, 3, 4]).witnesses.at(0)!.signature);
  expect(codeOf(() => round.confirm({ ...everyone, survivors: [0, 1, 2, 3] }))).toBe('already-confirmed');
  expect(codeOf(() => round.reveal(federation.requestFor([0, 1, 2, 3])))).toBe('split-view');
  expect(codeOf(() => round.reveal(federation.requestFor([0, 1, 2, 3, 4])))).toBe('abandoned');
});

test('attack 6, split view of survivors: who has revealed signs nothing afterwards', async () => {
  const federation = federationOf(5);
  await federation.untilUploaded(zeros);
  const { round } = first(federation);
  const everyone = federation.coordinator.closeUploads();
  round.reveal(federation.requestFor([0, 1, 2, 3, 4], [1, 2, 3, 4]));
  expect(codeOf(() => round.confirm({ ...everyone, survivors: [0, 1, 2, 3] }))).toBe('already-confirmed');
});

test('attack 6, split view of survivors: an answer to another list does not count', async () => {
  const federation = federationOf(5);
  await federation.untilUploaded(zeros);
  federation.confirmSurvivors(federation.sites.slice(1));
  const { round, siteId } = first(federation);
  // Only a coordinator that has four sites' signing keys gets this far.
  const misled = round.reveal(federation.requestFor([0, 1, 2, 3]));
  expect(codeOf(() => federation.coordinator.reveal(siteId, misled))).toBe('wrong-share');
  const relabelled = misled.shares.map(({ of, share }) => ({ of, share: { ...share, kind: 'self-mask' as const } }));
  expect(codeOf(() => federation.coordinator.reveal(siteId, { ...misled, shares: relabelled }))).toBe('bad-signature');
});

test('attack 6, split view of those that share: a vector masked with another set does not enter the sum', async () => {
  const federation = federationOf(5);
  const { sites, coordinator } = federation;
  for (const { round } of sites) coordinator.advertise(round.advertise());
  const roster = coordinator.closeKeys();
  for (const { siteId, round } of sites) coordinator.shares(siteId, await round.share(roster));
  const honest = coordinator.closeShares().get(siteIdOf(0))!;

  first(federation).round.receiveShares({
    ...honest,
    sharingSites: [0, 1, 2, 3],
    shares: honest.shares.filter(({ from }) => from !== 4),
  });
  const { header } = first(federation).round.mask(zeros());
  expect(codeOf(() => coordinator.beginUpload(siteIdOf(0), header))).toBe('bad-signature');
});

test('attack 7, late masked input: without the self mask, the mask key of a “dropped” site does not open its vector', async () => {
  const drawn: Uint8Array[] = [];
  const federation = federationOf(4, (index) =>
    index === 3 ? { random: (bytes) => (drawn.push(secureRandom(bytes)), drawn.at(-1)!) } : {},
  );
  const { sites } = federation;
  await federation.advertiseAndShare(sites, sites);
  const vector = Int32Array.from({ length: LENGTH }, (_, i) => 1000 + i);
  const keptBack = vector.slice();
  sites.at(3)!.round.mask(keptBack);
  for (const site of sites.slice(0, 3)) await federation.upload(site, zeros());
  const request = federation.confirmSurvivors();
  const revealed = sites.slice(0, 3).map(({ round }) => round.reveal(request).shares.at(3)!.share);
  expect(revealed.map(({ kind }) => kind)).toEqual(['mask-key', 'mask-key', 'mask-key']);

  // The coordinator has the private mask key of site 3, as it must to unmask the others, and takes off its pair masks.
  const pair = keyPairFromScalar(combineShares(revealed.map(({ value }) => value))!);
  const schedule = new KeySchedule(federation.planHash, federation.rosterHash);
  const three = 3 as SiteNumber;
  const seeds = [0, 1, 2].map((number) => {
    const peer = number as SiteNumber;
    const secret = agree(pair, federation.roster!.advertisements.at(number)!.maskKey);
    return [peer, schedule.pairSeed(secret, three, peer)] as const;
  });
  const { added, subtracted } = signedPairSeeds(three, seeds);
  finish(applyMasks(keptBack, { added: subtracted, subtracted: added }));
  expect(keptBack.every((value, i) => value !== vector.at(i))).toBe(true);

  // What is left is exactly the one mask that nobody gave a share of: the seed that the site drew first.
  const selfSeed = schedule.selfSeed(drawn.at(0)!, three);
  finish(applyMasks(keptBack, { added: [], subtracted: [selfSeed] }));
  expect(keptBack).toEqual(vector);
});

test('attack 8, masking twice: a site masks one vector, before and after it has revealed', async () => {
  const federation = federationOf(4);
  await federation.untilUploaded(zeros);
  const { round } = first(federation);
  expect(codeOf(() => round.mask(zeros()))).toBe('already-masked');
  const request = federation.confirmSurvivors();
  expect(codeOf(() => round.mask(zeros()))).toBe('already-masked');
  round.reveal(request);
  expect(codeOf(() => round.mask(zeros()))).toBe('already-masked');
});

test('attack 8, masking twice: to send again is to send the same bytes', async () => {
  const federation = federationOf(4);
  await federation.advertiseAndShare(federation.sites, federation.sites);
  const { chunks } = first(federation).round.mask(zeros(), 16);
  const [once, again] = [Array.from(chunks, (chunk) => chunk.slice()), Array.from(chunks)];
  expect(again).toEqual(once);
  expect(once.map((chunk) => chunk.length)).toEqual([64, 64, 32]);
});

test('attack 8, masking twice: the same site with the same plan has other masks in another round', async () => {
  const [one, other] = [federationOf(4), federationOf(4)];
  const vectors = [zeros(), zeros()];
  for (const [index, federation] of [one, other].entries()) {
    await federation.advertiseAndShare(federation.sites, federation.sites);
    first(federation).round.mask(vectors.at(index)!);
  }
  expect(vectors.at(0)).not.toEqual(vectors.at(1));
});

test('attack 9, differencing: an update enters one revealed sum; another round needs another one, under other masks', async () => {
  const federation = federationOf(4);
  const request = await federation.untilConfirmed(zeros);
  const { round, siteId } = first(federation);
  federation.coordinator.reveal(siteId, round.reveal(request));
  expect(codeOf(() => round.reveal(request))).toBe('already-revealed');
  expect(codeOf(() => round.mask(zeros()))).toBe('already-masked');
});

test('attack 10, two-site differencing: there is no round of two, and no revealed sum of two', () => {
  expect(codeOf(() => groupParameters(2))).toBe('too-few-sites');
  for (let sites = 3; sites <= 255; sites++) {
    expect(groupParameters(sites).minimumSurvivors).toBeGreaterThanOrEqual(3);
  }
});

test('attack 17, grinding: a site’s number follows from its id; the coordinator has no order, group or seed to choose', async () => {
  const federation = federationOf(4);
  const { advertisements, identityKeys, roundId } = rosterOf(federation);
  const swapped = [1, 0, 2, 3];
  const roster = {
    roundId,
    advertisements: swapped.map((index) => advertisements.at(index)!),
    identityKeys: swapped.map((index) => identityKeys.at(index)!),
    cohort: [],
  };
  expect(await rejectionCodeOf(first(federation).round.share(roster))).toBe('malformed');
});

test('a request that names a site which never shared, or the site itself as dropped, is refused', async () => {
  const stranger = federationOf(5);
  await stranger.advertiseAndShare(stranger.sites, stranger.sites.slice(0, 4));
  for (const site of stranger.sites.slice(0, 4)) await stranger.upload(site, zeros());
  const withStranger = stranger.requestFor([0, 1, 2, 3, 4]);
  expect(codeOf(() => first(stranger).round.reveal(withStranger))).toBe('unknown-survivor');

  const dropped = federationOf(5);
  await dropped.untilUploaded(zeros);
  const withoutMe = dropped.requestFor([1, 2, 3, 4]);
  expect(codeOf(() => first(dropped).round.reveal(withoutMe))).toBe('declared-dropped');
});

test('a request with a site twice, out of order, out of range or of another round is refused', async () => {
  const requests = [
    { survivors: [0, 1, 1, 2, 3], code: 'malformed' },
    { survivors: [1, 0, 2, 3, 4], code: 'malformed' },
    { survivors: [0, 1, 2, 3, 5], code: 'malformed' },
    { survivors: [0, 1, 2, 3, 3.5], code: 'malformed' },
    { survivors: [-1, 0, 1, 2, 3], code: 'malformed' },
    { survivors: [0, 1, 2, 3, 4], roundId: 'round-2', code: 'wrong-round' },
  ];
  for (const { code, ...request } of requests) {
    const federation = federationOf(5);
    await federation.untilUploaded(zeros);
    const message = { roundId: federation.roundId, ...request };
    expect(codeOf(() => first(federation).round.confirm(message))).toBe(code);
    const second = federation.sites.at(1)!.round;
    expect(codeOf(() => second.reveal({ ...message, witnesses: [] }))).toBe(code);
  }
});
