import * as fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';

import type { GroupParameters } from '../group-parameters.ts';
import type { ConsistencyRequest, KeyAdvertisement, KeyRoster, RevealRequest, ShareDelivery } from '../messages.ts';
import { codeOf, identityOf, rejectionCodeOf, siteIdOf } from '../testing/federation.ts';
import { flatParameters, wholeRing } from '../topology/flat-cohort.ts';
import { groupsOf, type Grouping } from '../topology/grouping.ts';
import { GroupedRound, type GroupOutcome } from './grouped-round.ts';
import type { SiteNumber } from './site-number.ts';
import { SiteRound, type SiteRoundOptions } from './site-round.ts';
import { SiteSet } from './site-set.ts';
import type { ResumableStep } from './site-state-codec.ts';
import { keysStatement, signStatement, survivorsStatement } from './transcript.ts';

/** What flat cohorts of up to 128 sites, which are complete, have here instead: a ring small enough to play many rounds on. */
let small: { degree: number; threshold: number; signers: number; signatures: number; minimumSurvivors: number };

beforeEach(() => {
  small = { degree: 6, threshold: 5, signers: 5, signatures: 4, minimumSurvivors: 7 };
});

vi.mock(import('../topology/flat-cohort.ts'), async (original) => {
  const actual = await original();
  return {
    ...actual,
    flatParameters: (ring): GroupParameters | null => {
      const { sites } = ring;
      if (sites > 128 || sites <= small.degree + 1) return actual.flatParameters(ring);
      const { degree, ...parameters } = small;
      return { sites, holders: degree + 1, ...parameters, mode: 'active' };
    },
  };
});

const LENGTH = 5;
const FLAT: Grouping = {
  seed: new Uint8Array(32).fill(5),
  round: 3,
  groupSize: null,
  topology: 'flat',
  registered: null,
};
const FLOOR = { minimumSites: 3, minimumThresholdFraction: 0.5 };

const ringOf = (cohort: readonly string[]): readonly string[] => groupsOf(FLAT, cohort)[0]!.ring!;

function vectorOf(index: number): Int32Array {
  return Int32Array.from({ length: LENGTH }, (_, place) => (index + 1) * 1000 - place * place);
}

class FlatFederation {
  readonly ids: readonly string[];
  readonly ring: readonly string[];
  readonly sites: Map<string, SiteRound>;
  readonly coordinator: GroupedRound;
  readonly #options: (index: number) => SiteRoundOptions;
  rosters: ReadonlyMap<string, KeyRoster> = new Map();
  deliveries: ReadonlyMap<string, ShareDelivery> = new Map();
  rosterHash: Uint8Array = new Uint8Array();

  constructor(count: number, override: Partial<SiteRoundOptions> = {}) {
    const context = { roundId: 'round-1', planHash: new Uint8Array(32).fill(7), length: LENGTH, grouping: FLAT };
    this.ids = Array.from({ length: count }, (_, index) => siteIdOf(index));
    this.ring = ringOf(this.ids);
    this.#options = (index) => ({
      ...context,
      siteId: siteIdOf(index),
      identity: identityOf(index),
      floor: FLOOR,
      ...override,
    });
    this.sites = new Map(this.ids.map((siteId, index) => [siteId, SiteRound.begin(this.#options(index))]));
    const keys = new Map(this.ids.map((siteId, index) => [siteId, identityOf(index).publicKey]));
    this.coordinator = GroupedRound.begin({ ...context, sites: keys });
  }

  /** Those with shares of a site's secrets, found by walking the ring. */
  around(siteId: string): readonly string[] {
    const place = this.ring.indexOf(siteId);
    const steps = Array.from({ length: small.degree + 1 }, (_, step) => step - small.degree / 2);
    return steps.map((step) => this.ring.at((place + step) % this.ring.length)!);
  }

  get signers(): readonly string[] {
    return this.ring.slice(0, small.signers);
  }

  async exchangeKeys(sharing: readonly string[] = this.ids): Promise<readonly KeyAdvertisement[]> {
    const advertisements = Array.from(this.sites.values(), (site) => site.advertise());
    for (const advertisement of advertisements) this.coordinator.advertise(advertisement);
    this.rosters = this.coordinator.closeKeys();
    for (const siteId of sharing) {
      const sealed = await this.sites.get(siteId)!.share(this.rosters.get(siteId)!);
      this.rosterHash = sealed.rosterHash;
      this.coordinator.shares(siteId, sealed);
    }
    return advertisements;
  }

  /** Closes shares, and lets these sites upload. */
  async upload(uploading: readonly string[]): Promise<void> {
    if (this.deliveries.size === 0) {
      this.deliveries = this.coordinator.closeShares();
      for (const [siteId, delivery] of this.deliveries) this.sites.get(siteId)!.receiveShares(delivery);
    }
    for (const siteId of uploading) {
      const { header, chunks } = this.sites.get(siteId)!.mask(vectorOf(this.ids.indexOf(siteId)), 2);
      const sink = this.coordinator.beginUpload(siteId, header);
      let index = 0;
      for (const chunk of chunks) sink.chunk(index++, chunk);
      await sink.complete(chunks);
    }
  }

  confirm(request: ReadonlyMap<string, ConsistencyRequest>, confirming: readonly string[] = [...request.keys()]): void {
    for (const siteId of confirming) {
      this.coordinator.confirm(siteId, this.sites.get(siteId)!.confirm(request.get(siteId)!));
    }
  }

  async open(
    requests: ReadonlyMap<string, RevealRequest>,
    revealing: readonly string[] = [...requests.keys()],
  ): Promise<GroupOutcome> {
    for (const siteId of revealing) {
      this.coordinator.reveal(siteId, this.sites.get(siteId)!.reveal(requests.get(siteId)!));
    }
    const { value, done } = await this.coordinator.unmask().next();
    expect(done).toBe(false);
    return value as GroupOutcome;
  }

  /** Everything up to the uploads, which `uploading` make. */
  async untilUploaded(uploading: readonly string[] = this.ids): Promise<void> {
    await this.exchangeKeys();
    await this.upload(uploading);
  }

  /** The site as a new process has it from what the old one had written down. */
  resumed(siteId: string, reached: ResumableStep): SiteRound {
    const exported = this.sites.get(siteId)!.export();
    return SiteRound.resume(this.#options(this.ids.indexOf(siteId)), exported, reached);
  }

  /** What a coordinator would ask that has got these sites to sign survivors of its choice. */
  requestFor(survivors: readonly string[], signing: readonly string[], sharing = this.ids): RevealRequest {
    const numbersOf = (siteIds: readonly string[]): SiteSet =>
      SiteSet.of(siteIds.map((siteId) => this.ids.indexOf(siteId) as SiteNumber));
    const survived = numbersOf(survivors);
    const statement = survivorsStatement('round-1', this.rosterHash, numbersOf(sharing), survived);
    const witnesses = Array.from(numbersOf(signing), (site) => {
      const { identity, siteId, ...context } = this.#options(site);
      return { site, signature: signStatement(identity, context, siteId, statement) };
    });
    return { roundId: 'round-1', survivors: survived.numbers, witnesses };
  }
}

function sumOf(siteIds: readonly string[], ids: readonly string[]): Int32Array {
  const sum = new Int32Array(LENGTH);
  for (const siteId of siteIds) vectorOf(ids.indexOf(siteId)).forEach((value, place) => (sum[place]! += value));
  return sum;
}

const without = (siteIds: readonly string[], gone: readonly string[]): readonly string[] =>
  siteIds.filter((siteId) => !gone.includes(siteId));

/** How far a site gets before it is lost. */
const STAGES = ['keys', 'shares', 'upload', 'confirmation', 'all'] as const;
type Stage = (typeof STAGES)[number];

interface Scenario {
  readonly degree: number;
  readonly threshold: number;
  readonly signatures: number;
  readonly reaches: readonly Stage[];
  readonly restarts: readonly boolean[];
}

const scenarios: fc.Arbitrary<Scenario> = fc.integer({ min: 8, max: 14 }).chain((sites) =>
  fc.constantFrom(4, 6).chain((degree) =>
    fc.record({
      degree: fc.constant(degree),
      threshold: fc.integer({ min: degree / 2 + 1, max: degree }),
      signatures: fc.integer({ min: 3, max: 5 }),
      reaches: fc.array(
        fc.oneof(
          { arbitrary: fc.constant<Stage>('all'), weight: 5 },
          { arbitrary: fc.constantFrom(...STAGES), weight: 1 },
        ),
        { minLength: sites, maxLength: sites },
      ),
      restarts: fc.array(fc.boolean(), { minLength: sites, maxLength: sites }),
    }),
  ),
);

type Outcome = 'summed' | 'too few shared' | 'too few uploaded' | 'unconfirmed' | 'unopened';

/** Plays a round and checks at every phase's end that it ends as what the ring says of it. */
async function play({ degree, threshold, signatures, reaches, restarts }: Scenario): Promise<Outcome> {
  small = { degree, threshold, signers: 5, signatures, minimumSurvivors: 6 };
  const federation = new FlatFederation(reaches.length);
  const { coordinator, ids } = federation;
  const past = (siteId: string, stage: Stage): boolean =>
    STAGES.indexOf(reaches.at(ids.indexOf(siteId))!) > STAGES.indexOf(stage);
  const isLonely = (siteId: string, among: readonly string[]): boolean =>
    federation.around(siteId).filter((neighbour) => among.includes(neighbour)).length < threshold;
  const restart = (siteIds: readonly string[], reached: ResumableStep): void => {
    for (const siteId of siteIds.filter((one) => restarts.at(ids.indexOf(one)))) {
      federation.sites.set(siteId, federation.resumed(siteId, reached));
    }
  };

  const sharing = ids.filter((siteId) => past(siteId, 'keys'));
  await federation.exchangeKeys(sharing);
  restart(sharing, 'shared');
  /** Whether a phase closes with too few, and it closes so by name. */
  const isShort = (answered: readonly string[], close: () => unknown): boolean => {
    const closed = answered.length < 6 ? [] : sharing.filter((siteId) => isLonely(siteId, answered));
    if (answered.length >= 6 && closed.length === 0) return false;
    expect(close).toThrow(expect.objectContaining({ code: 'too-few-sites', sites: closed }));
    return true;
  };
  if (isShort(sharing, () => coordinator.closeShares())) return 'too few shared';
  const survivors = sharing.filter((siteId) => past(siteId, 'shares'));
  await federation.upload(survivors);
  expect([...federation.deliveries.keys()]).toEqual(sharing);
  restart(survivors, 'masked');

  if (isShort(survivors, () => coordinator.closeUploads())) return 'too few uploaded';
  const confirming = survivors.filter((siteId) => past(siteId, 'upload'));
  federation.confirm(coordinator.closeUploads(), confirming);
  restart(confirming, 'confirmed');
  if (federation.signers.filter((siteId) => confirming.includes(siteId)).length < signatures) {
    expect(codeOf(() => coordinator.closeConsistency())).toBe('unconfirmed');
    return 'unconfirmed';
  }
  const revealing = confirming.filter((siteId) => past(siteId, 'confirmation'));
  const { sum, failure, sites } = await federation.open(coordinator.closeConsistency(), revealing);
  expect(sites).toEqual(ids);
  if (sharing.some((siteId) => isLonely(siteId, revealing))) {
    expect(failure?.code).toBe('wrong-state');
    return 'unopened';
  }
  expect(sum).toEqual(sumOf(survivors, ids));
  return 'summed';
}

test('whoever is lost and whenever, and whoever is restarted, the flat sum is that of the survivors, or the round ends by name', async () => {
  const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stdout.write(`flat sum property: NOREN_TEST_SEED=${seed}\n`);
  const outcomes: Outcome[] = [];
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    outcomes.push(await play(scenario));
  });
  await fc.assert(property, { seed, numRuns: 80 });
  const count = (outcome: Outcome): number => outcomes.filter((one) => one === outcome).length;
  expect(count('summed')).toBeGreaterThan(10);
  expect(count('too few shared') + count('too few uploaded')).toBeGreaterThan(0);
  expect(count('unconfirmed') + count('unopened')).toBeGreaterThan(0);
}, 600_000);

test('a cohort of 150 sites is one group with the whole cohort’s ring, and opens with every tenth site lost', async () => {
  const federation = new FlatFederation(150);
  const { coordinator, ids } = federation;
  const lost = ids.filter((_, index) => index % 10 === 3);
  await federation.exchangeKeys(without(ids, lost.slice(0, 5)));
  const survivors = without(ids, lost.slice(0, 12));
  await federation.upload(survivors);
  expect(coordinator.groups).toHaveLength(1);
  expect(coordinator.groups.at(0)!.sites).toEqual(ids);
  expect(coordinator.ringSites).toBe(150);
  expect(federation.sites.get(siteIdOf(0))!.ringSites).toBe(150);
  const revealing = without(ids, lost);
  federation.confirm(coordinator.closeUploads(), revealing);
  const outcome = await federation.open(coordinator.closeConsistency(), revealing);
  expect(outcome).toMatchObject({ survivors, failure: null });
  expect(outcome.sum).toEqual(sumOf(survivors, ids));

  // What a site is told and tells: the keys of its 64 neighbours and the 100 signers, its own among them; 64 shares.
  const { holders } = flatParameters(wholeRing(150))!;
  const sizes = [...federation.rosters.values()].map(({ advertisements }) => advertisements.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(150);
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(100);
  for (const { shares } of federation.deliveries.values()) expect(shares.length).toBeLessThanOrEqual(holders - 1);
}, 600_000);

test('a small flat cohort is one complete group', async () => {
  const federation = new FlatFederation(7);
  await federation.untilUploaded();
  expect(federation.rosters.get(siteIdOf(3))).toMatchObject({ cohort: [] });
  federation.confirm(federation.coordinator.closeUploads());
  const { sum } = await federation.open(federation.coordinator.closeConsistency());
  expect(sum).toEqual(sumOf(federation.ids, federation.ids));
});

describe('a neighbourhood that loses too many', () => {
  // Of seven with shares five open a site.
  test('keeps the round from masking, by name, until a late site saves it', async () => {
    const federation = new FlatFederation(14);
    const { coordinator, ids, ring } = federation;
    const late = ring.slice(8, 11);
    await federation.exchangeKeys(without(ids, late));
    const closed = without(ids, late).filter((id) => late.every((gone) => federation.around(id).includes(gone)));
    expect(closed.length).toBeGreaterThan(0);
    expect(() => coordinator.closeShares()).toThrow(expect.objectContaining({ code: 'too-few-sites', sites: closed }));
    const saviour = late.at(0)!;
    coordinator.shares(saviour, await federation.sites.get(saviour)!.share(federation.rosters.get(saviour)!));
    expect(coordinator.closeShares().size).toBe(12);
  });

  test('ends the round by name afterwards, unless a late upload saves it', async () => {
    const federation = new FlatFederation(14);
    const { coordinator, ids, ring } = federation;
    const late = ring.slice(8, 11);
    await federation.untilUploaded(without(ids, late));
    const closed = ids.filter((id) => late.every((gone) => federation.around(id).includes(gone)));
    expect(() => coordinator.closeUploads()).toThrow(expect.objectContaining({ code: 'too-few-sites', sites: closed }));
    await federation.upload(late.slice(0, 1));
    federation.confirm(coordinator.closeUploads());
    const { sum } = await federation.open(coordinator.closeConsistency());
    expect(sum).toEqual(sumOf(without(ids, late.slice(1)), ids));
  });

  test('is refused by its site, whatever the coordinator says', async () => {
    const federation = new FlatFederation(14);
    const [site] = federation.ring as [string];
    const gone = without(federation.around(site), [site]).slice(0, 3);
    await federation.exchangeKeys();
    const delivery = federation.coordinator.closeShares().get(site)!;
    const numberOf = (siteId: string): number => federation.ids.indexOf(siteId);
    const isGone = (number: number): boolean => gone.some((siteId) => numberOf(siteId) === number);
    const thinned = {
      ...delivery,
      sharingSites: delivery.sharingSites.filter((number) => !isGone(number)),
      shares: delivery.shares.filter(({ from }) => !isGone(from)),
    };
    expect(codeOf(() => federation.sites.get(site)!.receiveShares(thinned))).toBe('too-few-sites');

    const later = new FlatFederation(14);
    await later.untilUploaded();
    const survivors = without(later.ids, gone);
    expect(codeOf(() => later.sites.get(site)!.reveal(later.requestFor(survivors, later.signers)))).toBe(
      'too-few-sites',
    );
  });
});

describe('attacks on the graph', () => {
  /** What a coordinator could show `siteId` of the sites that it lists. */
  function shown(
    federation: FlatFederation,
    advertisements: readonly KeyAdvertisement[],
    siteIds: readonly string[],
    cohort: readonly string[] = federation.ids,
  ): KeyRoster {
    const numbers = siteIds.map((siteId) => federation.ids.indexOf(siteId)).sort((a, b) => a - b);
    return {
      roundId: 'round-1',
      advertisements: numbers.map((number) => advertisements.at(number)!),
      identityKeys: numbers.map((number) => identityOf(number).publicKey),
      cohort,
    };
  }

  test('attack 17, grinding of the graph: a site takes the keys of those whom seed and cohort give, and of no others', async () => {
    const begin = async (): Promise<{
      readonly federation: FlatFederation;
      readonly site: SiteRound;
      readonly known: readonly string[];
      readonly strangers: readonly string[];
      readonly advertisements: readonly KeyAdvertisement[];
    }> => {
      const federation = new FlatFederation(16);
      const advertisements = await federation.exchangeKeys([]);
      const siteId = federation.ring.at(9)!;
      const known = [...new Set([...federation.around(siteId), ...federation.signers])];
      const strangers = without(federation.ids, known);
      return { federation, site: federation.sites.get(siteId)!, known, strangers, advertisements };
    };
    const honest = await begin();
    const roster = shown(honest.federation, honest.advertisements, honest.known);
    expect(roster).toEqual(honest.federation.rosters.get(honest.federation.ring.at(9)!));
    expect(await rejectionCodeOf(honest.site.share(roster))).toBeUndefined();

    const neighbour = honest.federation.ring.at(10)!;
    const lists = [
      // A neighbour exchanged for a site of the coordinator's choice.
      [...without(honest.known, [neighbour]), honest.strangers.at(0)!],
      without(honest.known, [neighbour]),
      [...honest.known, honest.strangers.at(0)!],
      // Without one of those that sign.
      without(honest.known, [honest.federation.ring.at(0)!]),
      honest.federation.ids,
    ];
    for (const list of lists) {
      const { federation, site, advertisements } = await begin();
      expect(await rejectionCodeOf(site.share(shown(federation, advertisements, list)))).toBe('wrong-group');
    }
    // Its neighbours as if they were all of a smaller cohort; and a cohort that hides one site.
    const { federation, site, known, advertisements } = await begin();
    expect(await rejectionCodeOf(site.share(shown(federation, advertisements, known, [])))).toBe('wrong-group');
    const other = await begin();
    const hidden = without(other.federation.ids, other.strangers.slice(0, 1));
    const hiding = shown(other.federation, other.advertisements, other.known, hidden);
    expect(await rejectionCodeOf(other.site.share(hiding))).toBe('wrong-group');
  });

  test('attack 17, grinding of the graph: a ring of another seed is refused', async () => {
    const federation = new FlatFederation(16, { grouping: { ...FLAT, seed: new Uint8Array(32).fill(6) } });
    await federation.exchangeKeys([]);
    const siteId = siteIdOf(0);
    expect(await rejectionCodeOf(federation.sites.get(siteId)!.share(federation.rosters.get(siteId)!))).toBe(
      'wrong-group',
    );
  });

  test('attack 2, cohort stuffing: every id of the cohort is registered, also those far away on the ring', async () => {
    const registeredIdentities = new Map(
      Array.from({ length: 16 }, (_, index) => [siteIdOf(index), identityOf(index).publicKey] as const),
    );
    const federation = new FlatFederation(16, { registeredIdentities });
    const advertisements = await federation.exchangeKeys([]);
    const invented = Array.from({ length: 40 }, (_, attempt) => `zz-${attempt}`).find((id) => {
      const ring = ringOf([...federation.ids, id]);
      const place = ring.indexOf(siteIdOf(0));
      const near = Array.from({ length: 7 }, (_, step) => ring.at((place - 3 + step) % ring.length)!);
      return ![...near, ...ring.slice(0, small.signers)].includes(id);
    })!;
    const cohort = [...federation.ids, invented];
    const ring = ringOf(cohort);
    const place = ring.indexOf(siteIdOf(0));
    const near = Array.from({ length: 7 }, (_, step) => ring.at((place - 3 + step) % ring.length)!);
    const known = [...new Set([...near, ...ring.slice(0, small.signers)])];
    const roster = shown(federation, advertisements, known, cohort);
    expect(await rejectionCodeOf(federation.sites.get(siteIdOf(0))!.share(roster))).toBe('unknown-identity');
  });

  test('attack 3, key substitution: keys of a neighbour that it did not sign are refused', async () => {
    const federation = new FlatFederation(16);
    const advertisements = await federation.exchangeKeys([]);
    const [site, neighbour, , , , far] = federation.ring as [string, string, string, string, string, string];
    const index = federation.ids.indexOf(neighbour);
    const { maskKey } = advertisements.at(federation.ids.indexOf(far))!;
    const roster = federation.rosters.get(site)!;
    const changed = roster.advertisements.map((m) => (m.siteId === neighbour ? { ...m, maskKey } : m));
    expect(await rejectionCodeOf(federation.sites.get(site)!.share({ ...roster, advertisements: changed }))).toBe(
      'bad-signature',
    );

    // Signed by the neighbour itself, a copy of another neighbour's key is found out.
    const again = new FlatFederation(16);
    await again.exchangeKeys([]);
    const message = again.rosters.get(site)!;
    const copied = message.advertisements.find(({ siteId }) => siteId === again.ring.at(2))!.maskKey;
    const own = { ...message.advertisements.find(({ siteId }) => siteId === neighbour)!, maskKey: copied };
    const context = { roundId: 'round-1', planHash: new Uint8Array(32).fill(7), length: LENGTH };
    const signature = signStatement(identityOf(index), context, neighbour, keysStatement(own));
    const forged = message.advertisements.map((m) => (m.siteId === neighbour ? { ...own, signature } : m));
    expect(await rejectionCodeOf(again.sites.get(site)!.share({ ...message, advertisements: forged }))).toBe(
      'duplicate-key',
    );
  });

  test('attack 4, both shares: a site answers once, with one share of each neighbour and itself, and nothing of others', async () => {
    const federation = new FlatFederation(14);
    const { coordinator, ids } = federation;
    const [dropped, site] = federation.ring as [string, string];
    await federation.untilUploaded(without(ids, [dropped]));
    federation.confirm(coordinator.closeUploads());
    const requests = coordinator.closeConsistency();
    const answer = federation.sites.get(site)!.reveal(requests.get(site)!);
    const told = answer.shares.map(({ of, share }) => [ids.at(of)!, share.kind]);
    const expected = [...federation.around(site)].sort().map((id) => [id, id === dropped ? 'mask-key' : 'self-mask']);
    expect(told).toEqual(expected);
    expect(codeOf(() => federation.sites.get(site)!.reveal(requests.get(site)!))).toBe('already-revealed');

    const mixedUp = answer.shares.map(({ of, share }) => ({ of, share: { ...share, kind: 'mask-key' as const } }));
    const stranger = ids.indexOf(without(ids, federation.around(site)).at(-1)!);
    const more = [...answer.shares, { ...answer.shares.at(0)!, of: stranger }].sort((a, b) => a.of - b.of);
    for (const shares of [mixedUp, more, answer.shares.slice(1)]) {
      expect(codeOf(() => coordinator.reveal(site, { ...answer, shares }))).toBe('wrong-share');
    }
  });

  test('attack 6, split view: two far stretches of the ring cannot be shown two lists, though neighbours agree', async () => {
    const federation = new FlatFederation(14);
    await federation.untilUploaded();
    const { ids, ring, signers } = federation;
    const site = ring.at(9)!;
    const survivors = without(ids, [ring.at(1)!]);
    const reveal = (signing: readonly string[]): string | undefined =>
      codeOf(() => federation.resumed(site, 'masked').reveal(federation.requestFor(survivors, signing)));
    expect(reveal(without(federation.around(site), signers))).toBe('unconfirmed');
    // Enough in number, but not of those that sign for all.
    expect(reveal([...signers.slice(2), ...without(federation.around(site), signers).slice(0, 2)])).toBe('unconfirmed');
    expect(reveal(signers.slice(2))).toBe('unconfirmed');
    expect(reveal([])).toBe('unconfirmed');
    // Four of five sign; the fifth is the one that the list leaves out.
    expect(reveal(without(signers, [ring.at(1)!]))).toBeUndefined();
  });

  test('attack 6, split view: a signature of another list or another U2 does not count', async () => {
    const federation = new FlatFederation(14);
    await federation.untilUploaded();
    const { ids, ring, signers } = federation;
    const everybody = federation.requestFor(ids, signers);
    const others = [
      { ...everybody, survivors: federation.requestFor(without(ids, [ring.at(12)!]), []).survivors },
      federation.requestFor(ids, signers, without(ids, [ring.at(12)!])),
    ];
    for (const request of others) {
      expect(codeOf(() => federation.resumed(ring.at(0)!, 'masked').reveal(request))).toBe('bad-signature');
    }
  });

  test('attack 6, split view: without a registrar, too, a coordinator cannot sign for a signer before some sites and not others', async () => {
    const federation = new FlatFederation(16);
    const site = federation.ring.at(9)!;
    await federation.exchangeKeys(without(federation.ids, [site]));
    const honest = federation.rosterHash;
    const roster = federation.rosters.get(site)!;
    const signer = federation.signers.at(2)!;
    const place = roster.advertisements.findIndex(({ siteId }) => siteId === signer);
    const context = { roundId: 'round-1', planHash: new Uint8Array(32).fill(7), length: LENGTH };
    const impostor = identityOf(20);
    const own = roster.advertisements.at(place)!;
    const signature = signStatement(impostor, context, signer, keysStatement(own));
    const substituted = {
      ...roster,
      advertisements: roster.advertisements.with(place, { ...own, signature }),
      identityKeys: roster.identityKeys.with(place, impostor.publicKey),
    };
    const { rosterHash } = await federation.sites.get(site)!.share(substituted);
    expect(rosterHash).not.toEqual(honest);
  });

  test('a floor holds for the whole sum, and for the threshold among those with shares', async () => {
    const refuse = async (floor: SiteRoundOptions['floor']): Promise<string | undefined> => {
      const federation = new FlatFederation(14, { floor });
      await federation.exchangeKeys([]);
      const siteId = siteIdOf(2);
      return rejectionCodeOf(federation.sites.get(siteId)!.share(federation.rosters.get(siteId)!));
    };
    expect(await refuse({ minimumSites: 14, minimumThresholdFraction: 0.7 })).toBeUndefined();
    expect(await refuse({ minimumSites: 15, minimumThresholdFraction: 0.7 })).toBe('too-few-sites');
    // Five of seven.
    expect(await refuse({ minimumSites: 14, minimumThresholdFraction: 0.72 })).toBe('too-few-sites');
  });
});
