import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { groupParameters } from '../group-parameters.ts';
import { decodeSum, encodeUpdate, quantiserFor, type Quantiser } from '../ring/quantiser.ts';
import { identityOf, siteIdOf } from '../testing/federation.ts';
import { MortalCoordinator, MortalSite } from '../testing/mortal-parties.ts';
import type { MaskedVector } from './masked-vector.ts';
import { RESUMABLE_STEPS, type ResumableStep } from './site-state-codec.ts';

/** How far a site gets before it is lost. */
const STAGES = [
  'before keys',
  'after keys',
  'after shares',
  'half-way through the upload',
  'after the upload',
  'after the confirmation',
  'never',
] as const;
type Stage = (typeof STAGES)[number];

interface Plan {
  readonly lost: Stage;
  /** Steps after which its process ends and another one goes on. */
  readonly dies: readonly ResumableStep[];
  readonly update: Float32Array;
  readonly weight: number;
}

const scenarios = fc
  .record({
    // The work grows with the square of the number of sites, so most rounds are small.
    sites: fc.oneof(
      { arbitrary: fc.integer({ min: 3, max: 4 }), weight: 60 },
      { arbitrary: fc.integer({ min: 5, max: 8 }), weight: 3 },
      { arbitrary: fc.integer({ min: 9, max: 20 }), weight: 1 },
    ),
    length: fc.integer({ min: 1, max: 60 }),
    valueBits: fc.option(fc.integer({ min: 8, max: 24 }), { nil: undefined }),
  })
  .chain(({ sites, length, valueBits }) =>
    fc.record({
      plans: fc.array(plan(length), { minLength: sites, maxLength: sites }),
      chunkLength: fc.integer({ min: 1, max: length + 10 }),
      valueBits: fc.constant(valueBits),
      // A round of four sites is some thirty records.
      coordinatorDies: fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 1 }),
    }),
  );

function plan(length: number): fc.Arbitrary<Plan> {
  return fc.record({
    // Mostly steady sites, so that most rounds come to a sum.
    lost: fc.oneof(
      { arbitrary: fc.constant<Stage>('never'), weight: 5 },
      { arbitrary: fc.constantFrom(...STAGES), weight: 1 },
    ),
    dies: fc.oneof(
      { arbitrary: fc.constant<ResumableStep[]>([]), weight: 3 },
      { arbitrary: fc.subarray([...RESUMABLE_STEPS]), weight: 1 },
    ),
    // Amplitudes on both sides of the clipping norm; the values themselves need no shrinking.
    update: fc
      .record({ amplitude: fc.constantFrom(0, 0.01, 10, 1000), phase: fc.integer({ min: 0, max: 1000 }) })
      .map(({ amplitude, phase }) => Float32Array.from({ length }, (_, i) => amplitude * Math.sin(phase + i * i))),
    weight: fc.double({ min: 0.001, max: 1, noNaN: true }),
  });
}

interface Scenario {
  readonly plans: readonly Plan[];
  readonly chunkLength: number;
  readonly valueBits: number | undefined;
  readonly coordinatorDies: readonly number[];
}

/** A site of the running federation, with what it is going to contribute. */
interface Player extends Plan {
  readonly site: MortalSite;
  readonly encoded: Int32Array;
}

interface Outcome {
  readonly kind: 'summed' | 'too few';
  readonly deaths: number;
}

async function play({ plans, chunkLength, valueBits, coordinatorDies }: Scenario): Promise<Outcome> {
  // Those who advertise keys make the roster, from which everybody derives the width of the ring.
  const inRoster = plans.filter(({ lost }) => lost !== 'before keys').length;
  const quantiser = quantiserFor({ clipNorm: 50, sites: Math.max(1, inRoster), valueBits });
  const length = plans.at(0)!.update.length + 2;
  const context = { roundId: 'round-1', planHash: new Uint8Array(32).fill(7), length, valueBits };
  const sites = new Map(plans.map((_, index) => [siteIdOf(index), identityOf(index).publicKey]));
  const coordinator = new MortalCoordinator({ ...context, sites }, coordinatorDies);
  const players = plans.map((plan, index): Player => {
    const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
    const options = { ...context, siteId: siteIdOf(index), identity: identityOf(index), floor };
    const encoded = encodeUpdate(plan.update, plan.weight, quantiser);
    return { ...plan, site: new MortalSite(options, plan.dies), encoded };
  });
  const past = (stage: Stage): Player[] => players.filter(({ lost }) => STAGES.indexOf(lost) > STAGES.indexOf(stage));
  const outcome = (kind: Outcome['kind']): Outcome => ({
    kind,
    deaths: coordinator.deaths + players.reduce((all, { site }) => all + site.deaths, 0),
  });

  const advertised = past('before keys');
  const shared = past('after keys');
  const survivors = past('half-way through the upload');
  const confirming = past('after the upload');
  const revealing = past('after the confirmation');
  // Before masking, which happens in place.
  const expected = plainSum(survivors, length);

  for (const { site } of advertised) {
    const advertisement = await site.take('advertised', (round) => round.advertise());
    await coordinator.record((round) => round.advertise(advertisement));
  }
  if (advertised.length < 3) {
    await expect(coordinator.record((round) => round.closeKeys())).rejects.toMatchObject({ code: 'too-few-sites' });
    return outcome('too few');
  }
  const { threshold, minimumSurvivors, mode } = groupParameters(advertised.length);
  const roster = await coordinator.record((round) => round.closeKeys());
  for (const { site } of shared) {
    const sealed = await site.take('shared', (round) => round.share(roster));
    await coordinator.record((round) => round.shares(site.siteId, sealed));
  }
  if (shared.length < minimumSurvivors) {
    await expect(coordinator.record((round) => round.closeShares())).rejects.toMatchObject({ code: 'too-few-sites' });
    return outcome('too few');
  }
  const deliveries = await coordinator.record((round) => round.closeShares());
  for (const { site } of shared) {
    await site.take('ready', (round) => round.receiveShares(deliveries.get(site.siteId)!));
  }

  for (const { site, encoded, lost } of past('after shares')) {
    const masked = await site.take('masked', (round) => round.mask(encoded, chunkLength));
    await upload(coordinator, site.siteId, masked, lost === 'half-way through the upload' ? 'one chunk' : 'all');
  }
  if (survivors.length < minimumSurvivors) {
    await expect(coordinator.record((round) => round.closeUploads())).rejects.toMatchObject({ code: 'too-few-sites' });
    return outcome('too few');
  }
  const survived = await coordinator.record((round) => round.closeUploads());
  expect(coordinator.round.survivors).toEqual(survivors.map(({ site }) => site.siteId));

  if (mode === 'active') {
    for (const { site } of confirming) {
      const signature = await site.take('confirmed', (round) => round.confirm(survived));
      await coordinator.record((round) => round.confirm(site.siteId, signature));
    }
    if (confirming.length < threshold) {
      await expect(coordinator.record((round) => round.closeConsistency())).rejects.toMatchObject({
        code: 'unconfirmed',
      });
      return outcome('too few');
    }
  }
  const request = await coordinator.record((round) => round.closeConsistency());
  for (const { site } of revealing) {
    const shares = await site.take('revealed', (round) => round.reveal(request));
    await coordinator.record((round) => round.reveal(site.siteId, shares));
  }
  expect(coordinator.round.canUnmask).toBe(revealing.length >= threshold);
  if (revealing.length < threshold) return outcome('too few');

  const sum = await coordinator.round.unmask();
  expect(sum).toEqual(expected);
  expectDecoded(sum, survivors, expected, quantiser);
  return outcome('summed');
}

function plainSum(players: readonly Player[], length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => players.reduce((total, { encoded }) => total + encoded.at(i)!, 0));
}

/** Sends the chunks, or only the first; a coordinator that died in between takes those that come next. */
async function upload(
  coordinator: MortalCoordinator,
  siteId: string,
  { header, chunks }: MaskedVector,
  extent: 'all' | 'one chunk',
): Promise<void> {
  let index = 0;
  for (const chunk of chunks) {
    const place = index++;
    await coordinator.record((round) => round.beginUpload(siteId, header).chunk(place, chunk));
    if (extent === 'one chunk') return;
  }
  await coordinator.record((round) => round.beginUpload(siteId, header).complete(chunks));
}

function expectDecoded(
  sum: Int32Array,
  survivors: readonly Player[],
  quantised: Int32Array,
  quantiser: Quantiser,
): void {
  const { meanUpdate, weight, clipped } = decodeSum(sum, quantiser);
  // The mean is float32, so each element is off by 2^-24 of itself at most.
  meanUpdate.forEach((mean, i) => {
    const quanta = mean * weight * quantiser.scale;
    expect(Math.abs(quanta - quantised.at(i)!)).toBeLessThanOrEqual(Math.abs(quanta) * 2 ** -23);
  });
  const weights = survivors.reduce((total, player) => total + player.weight, 0);
  const outside = survivors.filter(({ update }) => Math.hypot(...update) > quantiser.clipNorm);
  // Each site's weight is rounded to a quantum, and is one at least.
  expect(Math.abs(weight - weights)).toBeLessThanOrEqual(survivors.length / quantiser.weightScale);
  expect(clipped).toBe(outside.length);
}

test('whoever is lost, killed or restarted and whenever, the unmasked sum is the sum of the survivors, bit for bit', async () => {
  const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stdout.write(`masked sum property: NOREN_TEST_SEED=${seed}\n`);
  const outcomes: Outcome[] = [];
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    outcomes.push(await play(scenario));
  });
  await fc.assert(property, { seed, numRuns: 1000 });
  // A property that hardly ever gets to its end, never loses too many or restarts nobody would say nothing.
  expect(outcomes.filter(({ kind }) => kind === 'summed').length).toBeGreaterThan(400);
  expect(outcomes.filter(({ kind }) => kind === 'too few').length).toBeGreaterThan(50);
  expect(outcomes.filter(({ kind, deaths }) => kind === 'summed' && deaths > 1).length).toBeGreaterThan(200);
}, 600_000);
