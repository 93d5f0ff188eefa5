import { describe, expect, test } from 'vitest';

import type { RevealedShares, SealedShare, ShareDelivery } from '../messages.ts';
import { codeOf, identityOf, rejectionCodeOf, siteIdOf, TestFederation, type TestSite } from '../testing/federation.ts';
import { withAdvertisement } from '../testing/tampering.ts';
import { GroupedRound } from './grouped-round.ts';
import { SiteRound } from './site-round.ts';

/*
 * Everything that a coordinator holds of one round, group or pair of sites, offered in another: the plan may be the same to the
 * byte, as when a round that failed is tried again.
 */

const LENGTH = 6;
const zeros = (): Int32Array => new Int32Array(LENGTH);

function roundOf(sites: number, roundId: string): TestFederation {
  return new TestFederation(sites, LENGTH, undefined, undefined, undefined, roundId);
}

function first({ sites }: TestFederation): TestSite {
  return sites.at(0)!;
}

describe('another round of the same plan', () => {
  test('keys of the earlier round are refused, as they are and under the later round’s name', async () => {
    const [earlier, later] = [roundOf(4, 'round-1'), roundOf(4, 'round-2')];
    const old = earlier.sites.at(2)!.round.advertise();
    for (const { round } of later.sites) later.coordinator.advertise(round.advertise());
    const roster = later.coordinator.closeKeys();
    const replayed = withAdvertisement(roster, 2, old);
    expect(await rejectionCodeOf(first(later).round.share(replayed))).toBe('wrong-round');
    const renamed = withAdvertisement(roster, 2, { ...old, roundId: 'round-2' });
    expect(await rejectionCodeOf(later.sites.at(1)!.round.share(renamed))).toBe('bad-signature');

    const { coordinator } = roundOf(4, 'round-2');
    expect(codeOf(() => coordinator.advertise(old))).toBe('wrong-round');
    expect(codeOf(() => coordinator.advertise({ ...old, roundId: 'round-2' }))).toBe('bad-signature');
  });

  test('shares sealed in the earlier round do not open in the later one', async () => {
    const [earlier, later] = [roundOf(4, 'round-1'), roundOf(4, 'round-2')];
    const [old] = await deliveriesOf(earlier);
    const [delivery] = await deliveriesOf(later);
    const shares = delivery!.shares.map((share, place) => (place === 0 ? old!.shares[0]! : share));
    expect(codeOf(() => first(later).round.receiveShares({ ...delivery!, shares }))).toBe('bad-share');
  });

  test('what was signed about the earlier round’s survivors is no witness in the later one', async () => {
    const [earlier, later] = [roundOf(4, 'round-1'), roundOf(4, 'round-2')];
    await earlier.untilUploaded(zeros);
    await later.untilUploaded(zeros);
    const request = { ...earlier.requestFor([0, 1, 2, 3]), roundId: 'round-2' };
    expect(codeOf(() => first(later).round.reveal(request))).toBe('bad-signature');
  });

  test('a masked vector and revealed shares of the earlier round enter no later one', async () => {
    const [earlier, later] = [roundOf(3, 'round-1'), roundOf(3, 'round-2')];
    await earlier.advertiseAndShare(earlier.sites, earlier.sites);
    await later.advertiseAndShare(later.sites, later.sites);
    const { header } = await earlier.upload(first(earlier), zeros());
    for (const site of earlier.sites.slice(1)) await earlier.upload(site, zeros());
    const upload = (change: Partial<typeof header>): string | undefined =>
      codeOf(() => later.coordinator.beginUpload(siteIdOf(0), { ...header, ...change }));
    expect(upload({})).toBe('wrong-round');
    expect(upload({ roundId: 'round-2' })).toBe('wrong-roster');
    expect(upload({ roundId: 'round-2', rosterHash: later.rosterHash })).toBe('bad-signature');

    const old = first(earlier).round.reveal(earlier.confirmSurvivors());
    for (const site of later.sites) await later.upload(site, zeros());
    later.confirmSurvivors();
    const reveal = (change: Partial<RevealedShares>): string | undefined =>
      codeOf(() => later.coordinator.reveal(siteIdOf(0), { ...old, ...change }));
    expect(reveal({})).toBe('wrong-round');
    expect(reveal({ roundId: 'round-2' })).toBe('bad-signature');
  });
});

describe('another pair of sites', () => {
  test('a share opens only for whom it was sealed, from whom it was sealed, and is asked for once', async () => {
    type Change = (delivery: ShareDelivery, sealed: readonly (readonly SealedShare[])[]) => readonly SealedShare[];
    const inPlaceOfFirst = (delivery: ShareDelivery, share: SealedShare): readonly SealedShare[] =>
      delivery.shares.map((own, place) => (place === 0 ? share : own));
    const from1To2 = (sealed: readonly (readonly SealedShare[])[]): SealedShare =>
      sealed[1]!.find(({ to }) => to === 2)!;
    const from0To1 = (sealed: readonly (readonly SealedShare[])[]): SealedShare =>
      sealed[0]!.find(({ to }) => to === 1)!;
    const cases: readonly (readonly [string, Change, string | undefined])[] = [
      ['as it should be', (delivery) => delivery.shares, undefined],
      ['what 1 sealed for 2', (delivery, sealed) => inPlaceOfFirst(delivery, from1To2(sealed)), 'wrong-share'],
      [
        'the same under another address',
        (delivery, sealed) => inPlaceOfFirst(delivery, { ...from1To2(sealed), to: 0 }),
        'bad-share',
      ],
      [
        'its own share for 1, sent back',
        (delivery, sealed) => inPlaceOfFirst(delivery, { ...from0To1(sealed), from: 1, to: 0 }),
        'bad-share',
      ],
      [
        'two senders exchanged',
        ({ shares: [a, b, ...rest] }) => [{ ...a!, from: b!.from }, { ...b!, from: a!.from }, ...rest].reverse(),
        'wrong-share',
      ],
      [
        'two ciphertexts exchanged',
        ({ shares: [a, b, ...rest] }) => [
          { ...a!, ciphertext: b!.ciphertext },
          { ...b!, ciphertext: a!.ciphertext },
          ...rest,
        ],
        'bad-share',
      ],
      ['one missing', (delivery) => delivery.shares.slice(1), 'wrong-share'],
      ['one twice', (delivery) => [delivery.shares[0]!, ...delivery.shares], 'wrong-share'],
      [
        'one cut short',
        (delivery) => inPlaceOfFirst(delivery, { ...delivery.shares[0]!, ciphertext: new Uint8Array(15) }),
        'bad-share',
      ],
    ];
    for (const [what, change, code] of cases) {
      const federation = roundOf(4, 'round-1');
      const sealed: (readonly SealedShare[])[] = [];
      const [delivery] = await deliveriesOf(federation, sealed);
      const shares = change(delivery!, sealed);
      expect(
        codeOf(() => first(federation).round.receiveShares({ ...delivery!, shares })),
        what,
      ).toBe(code);
    }
  });
});

/** What the coordinator would send each site once all have shared; `sealed` gets what each of them sent. */
async function deliveriesOf(
  { sites, coordinator }: TestFederation,
  sealed: (readonly SealedShare[])[] = [],
): Promise<ShareDelivery[]> {
  for (const { round } of sites) coordinator.advertise(round.advertise());
  const roster = coordinator.closeKeys();
  for (const { siteId, round } of sites) {
    const message = await round.share(roster);
    sealed.push(message.shares);
    coordinator.shares(siteId, message);
  }
  return [...coordinator.closeShares().values()];
}

describe('another group of the same round', () => {
  const context = {
    roundId: 'round-1',
    planHash: new Uint8Array(32).fill(7),
    length: LENGTH,
    grouping: { seed: new Uint8Array(32).fill(5), round: 1, groupSize: 4, registered: null },
  };

  test('shares and signatures of one group are worth nothing in the other, where sites have the same numbers', async () => {
    const ids = Array.from({ length: 8 }, (_, index) => siteIdOf(index));
    const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
    const sites = new Map(
      ids.map((siteId, index) => [siteId, SiteRound.begin({ ...context, siteId, identity: identityOf(index), floor })]),
    );
    const invited = new Map(ids.map((siteId, index) => [siteId, identityOf(index).publicKey]));
    const coordinator = GroupedRound.begin({ ...context, sites: invited });
    for (const site of sites.values()) coordinator.advertise(site.advertise());
    for (const [siteId, roster] of coordinator.closeKeys()) {
      coordinator.shares(siteId, await sites.get(siteId)!.share(roster));
    }
    const deliveries = coordinator.closeShares();
    const [one, other] = coordinator.groups.map((group) => group.sites) as [readonly string[], readonly string[]];
    const strange = sites.get(one.at(-1)!)!;
    // The same numbers and places, sealed under the other group's roster.
    const foreign = deliveries.get(other.at(-1)!)!;
    expect(foreign.sharingSites).toEqual(deliveries.get(one.at(-1)!)!.sharingSites);
    expect(codeOf(() => strange.receiveShares(foreign))).toBe('bad-share');

    // One site less in either group, so that both lists of survivors have the same numbers, too.
    for (const siteId of [...one.slice(0, -1), ...other.slice(0, -1)]) {
      sites.get(siteId)!.receiveShares(deliveries.get(siteId)!);
      const { header, chunks } = sites.get(siteId)!.mask(zeros());
      const owner = coordinator.groups.findIndex((group) => group.sites.includes(siteId));
      const stranger = coordinator.groups[1 - owner]!.sites.at(0)!;
      expect(codeOf(() => coordinator.beginUpload(stranger, header))).toBe('wrong-roster');
      const sink = coordinator.beginUpload(siteId, header);
      [...chunks].forEach((chunk, index) => sink.chunk(index, chunk));
      await sink.complete(chunks);
    }
    const survived = coordinator.closeUploads();
    for (const siteId of survived.keys())
      coordinator.confirm(siteId, sites.get(siteId)!.confirm(survived.get(siteId)!));
    const requests = coordinator.closeConsistency();
    const [own, foreignRequest] = [requests.get(one[0]!)!, requests.get(other[0]!)!];
    expect(foreignRequest.survivors).toEqual(own.survivors);
    expect(codeOf(() => sites.get(one[0]!)!.reveal(foreignRequest))).toBe('bad-signature');
    expect(codeOf(() => sites.get(one[1]!)!.reveal(own))).toBeUndefined();
  });
});
