import { describe, expect, test } from 'vitest';

import { codeOf, rejectionCodeOf, TestFederation, type TestSite } from '../testing/federation.ts';
import { SiteRound, type SiteRoundOptions } from './site-round.ts';
import type { ResumableStep } from './site-state-codec.ts';

const LENGTH = 50;
const FLOOR = { minimumSites: 3, minimumThresholdFraction: 0.5 };

function vectorOf(site: number): Int32Array {
  return Int32Array.from({ length: LENGTH }, (_, place) => (site + 1) * 1000 - place);
}

function optionsOf(federation: TestFederation, { siteId, identity }: TestSite): SiteRoundOptions {
  return { ...federation.context, siteId, identity, floor: FLOOR };
}

/** The site as a new process would have it. */
function restarted(federation: TestFederation, site: TestSite, reached: ResumableStep): TestSite {
  const round = SiteRound.resume(optionsOf(federation, site), site.round.export(), reached);
  return { ...site, round };
}

async function masked(count: number): Promise<TestFederation> {
  const federation = new TestFederation(count, LENGTH);
  await federation.untilUploaded(vectorOf);
  return federation;
}

describe('a resumed site answers as the one before it', () => {
  test('the same masked bytes for the same vector, and they are masked once', async () => {
    const federation = new TestFederation(4, LENGTH);
    await federation.advertiseAndShare(federation.sites, federation.sites);
    const [site] = federation.sites as [TestSite, ...TestSite[]];
    const again = restarted(federation, site, 'ready');
    const inTurns = await restarted(federation, site, 'ready').round.maskInTurns(vectorOf(0));
    const first = site.round.mask(vectorOf(0));
    const second = again.round.mask(vectorOf(0));
    expect(second.header).toEqual(first.header);
    expect([...second.chunks]).toEqual([...first.chunks]);
    expect(inTurns.header).toEqual(first.header);
    expect([...inTurns.chunks]).toEqual([...first.chunks]);
    expect(codeOf(() => restarted(federation, again, 'masked').round.mask(vectorOf(0)))).toBe('already-masked');
  });

  test('the same signature and the same shares', async () => {
    const federation = await masked(4);
    const [site, ...others] = federation.sites as [TestSite, ...TestSite[]];
    const again = restarted(federation, site, 'masked');
    const survived = federation.coordinator.closeUploads();
    const signature = site.round.confirm(survived);
    expect(again.round.confirm(survived)).toEqual(signature);
    for (const other of [site, ...others]) {
      const said = other === site ? signature : other.round.confirm(survived);
      federation.coordinator.confirm(other.siteId, said);
    }
    const request = federation.coordinator.closeConsistency();
    const third = restarted(federation, again, 'confirmed');
    expect(third.round.reveal(request)).toEqual(site.round.reveal(request));
  });
});

describe('nothing is given twice', () => {
  test('what a step has used up is not in the state that goes on: a resumed site signs, reveals and masks no second time', async () => {
    const federation = await masked(4);
    const [site, ...others] = federation.sites as [TestSite, ...TestSite[]];
    const survived = federation.coordinator.closeUploads();
    for (const { siteId, round } of [site, ...others]) federation.coordinator.confirm(siteId, round.confirm(survived));
    const confirmed = restarted(federation, site, 'confirmed');
    expect(codeOf(() => confirmed.round.confirm(survived))).toBe('already-confirmed');
    // Another list of survivors than the one that was signed before the restart.
    const request = federation.coordinator.closeConsistency();
    expect(
      codeOf(() => restarted(federation, site, 'confirmed').round.reveal({ ...request, survivors: [0, 1, 2] })),
    ).toBe('split-view');
    site.round.reveal(request);
    const revealed = restarted(federation, site, 'revealed');
    expect(codeOf(() => revealed.round.reveal(request))).toBe('already-revealed');
    expect(codeOf(() => revealed.round.mask(vectorOf(0)))).toBe('already-masked');
  });

  test('attack 18, rolled back: a state from before a step that the site knows it took is refused', async () => {
    const federation = await masked(4);
    const [site] = federation.sites as [TestSite, ...TestSite[]];
    const before = site.round.export();
    site.round.confirm(federation.coordinator.closeUploads());
    const resume = (reached: ResumableStep): string | undefined =>
      codeOf(() => SiteRound.resume(optionsOf(federation, site), before, reached));
    expect(resume('masked')).toBeUndefined();
    expect(resume('confirmed')).toBe('rolled-back');
    expect(resume('revealed')).toBe('rolled-back');
  });

  test('a site that has left a round has left it after a restart, too', async () => {
    const federation = new TestFederation(3, LENGTH);
    const [site] = federation.sites as [TestSite, ...TestSite[]];
    site.round.advertise();
    const foreign = { roundId: 'another', advertisements: [], identityKeys: [], cohort: [] };
    expect(await rejectionCodeOf(site.round.share(foreign))).toBe('wrong-round');
    expect(await rejectionCodeOf(restarted(federation, site, 'advertised').round.share(foreign))).toBe('abandoned');
  });
});

test('before anything was said there is nothing to go on from', () => {
  const [site] = new TestFederation(3, LENGTH).sites as [TestSite, ...TestSite[]];
  expect(codeOf(() => site.round.export())).toBe('wrong-state');
});

test('a state goes on only where it was made: by this site, in this round, under this plan', async () => {
  const federation = await masked(3);
  const [site] = federation.sites as [TestSite, ...TestSite[]];
  const exported = site.round.export();
  const resume = (change: Partial<SiteRoundOptions>, bytes: Uint8Array = exported): string | undefined =>
    codeOf(() => SiteRound.resume({ ...optionsOf(federation, site), ...change }, bytes, 'advertised'));
  expect(resume({ siteId: 'site-001' })).toBe('wrong-round');
  expect(resume({ roundId: 'round-2' })).toBe('wrong-round');
  expect(resume({ planHash: new Uint8Array(32) })).toBe('wrong-plan');
  expect(resume({ length: LENGTH + 1 })).toBe('wrong-plan');
  expect(resume({ valueBits: 12 })).toBe('wrong-plan');
  expect(resume({}, exported.subarray(1))).toBe('malformed');
  expect(resume({}, new Uint8Array(Buffer.from('{"version":2}')))).toBe('malformed');
  expect(resume({})).toBeUndefined();
});
