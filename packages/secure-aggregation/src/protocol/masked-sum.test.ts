import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { groupParameters } from '../group-parameters.ts';
import { decodeSum, encodeUpdate, quantiserFor, type Quantiser } from '../ring/quantiser.ts';
import { TestFederation, type TestSite } from '../testing/federation.ts';

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
    }),
  );

function plan(length: number): fc.Arbitrary<Plan> {
  return fc.record({
    // Mostly steady sites, so that most rounds come to a sum.
    lost: fc.oneof(
      { arbitrary: fc.constant<Stage>('never'), weight: 5 },
      { arbitrary: fc.constantFrom(...STAGES), weight: 1 },
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
}

/** A site of the running federation, with what it is going to contribute. */
interface Player extends Plan {
  readonly site: TestSite;
  readonly encoded: Int32Array;
}

type Outcome = 'summed' | 'too few';

async function play({ plans, chunkLength, valueBits }: Scenario): Promise<Outcome> {
  // Those who advertise keys make the roster, from which everybody derives the width of the ring.
  const inRoster = plans.filter(({ lost }) => lost !== 'before keys').length;
  const quantiser = quantiserFor({ clipNorm: 50, sites: Math.max(1, inRoster), valueBits });
  const length = plans.at(0)!.update.length + 2;
  const federation = new TestFederation(plans.length, length, undefined, undefined, valueBits);
  const { coordinator } = federation;
  const players = plans.map((plan, index): Player => {
    const encoded = encodeUpdate(plan.update, plan.weight, quantiser);
    return { ...plan, site: federation.sites.at(index)!, encoded };
  });
  const past = (stage: Stage): Player[] => players.filter(({ lost }) => STAGES.indexOf(lost) > STAGES.indexOf(stage));
  const sitesOf = (those: readonly Player[]): TestSite[] => those.map(({ site }) => site);

  const advertised = past('before keys');
  const shared = past('after keys');
  const survivors = past('half-way through the upload');
  const confirming = past('after the upload');
  const revealing = past('after the confirmation');
  // Before masking, which happens in place.
  const expected = plainSum(survivors, length);

  if (advertised.length < 3) {
    await expect(federation.advertiseAndShare(sitesOf(advertised), [])).rejects.toMatchObject({
      code: 'too-few-sites',
    });
    return 'too few';
  }
  const { threshold, minimumSurvivors, mode } = groupParameters(advertised.length);
  const keyExchange = federation.advertiseAndShare(sitesOf(advertised), sitesOf(shared));
  if (shared.length < minimumSurvivors) {
    await expect(keyExchange).rejects.toMatchObject({ code: 'too-few-sites' });
    return 'too few';
  }
  await keyExchange;

  for (const { site, encoded } of survivors) await federation.upload(site, encoded, chunkLength);
  for (const player of past('after shares').filter(({ lost }) => lost === 'half-way through the upload')) {
    breakOffUpload(federation, player, chunkLength);
  }
  if (survivors.length < minimumSurvivors) {
    expect(() => coordinator.closeUploads()).toThrow(expect.objectContaining({ code: 'too-few-sites' }));
    return 'too few';
  }
  const survived = coordinator.closeUploads();
  expect(coordinator.survivors).toEqual(sitesOf(survivors).map(({ siteId }) => siteId));

  if (mode === 'active') {
    for (const { site } of confirming) coordinator.confirm(site.siteId, site.round.confirm(survived));
    if (confirming.length < threshold) {
      expect(() => coordinator.closeConsistency()).toThrow(expect.objectContaining({ code: 'unconfirmed' }));
      return 'too few';
    }
  }
  const request = coordinator.closeConsistency();
  for (const { site } of revealing) coordinator.reveal(site.siteId, site.round.reveal(request));
  expect(coordinator.canUnmask).toBe(revealing.length >= threshold);
  if (revealing.length < threshold) return 'too few';

  const sum = await coordinator.unmask();
  expect(sum).toEqual(expected);
  expectDecoded(sum, survivors, expected, quantiser);
  return 'summed';
}

function plainSum(players: readonly Player[], length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => players.reduce((total, { encoded }) => total + encoded.at(i)!, 0));
}

function breakOffUpload(federation: TestFederation, { site, encoded }: Player, chunkLength: number): void {
  const { header, chunks } = site.round.mask(encoded, chunkLength);
  const sink = federation.coordinator.beginUpload(site.siteId, header);
  for (const chunk of chunks) {
    sink.chunk(0, chunk);
    break;
  }
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

test('whoever is lost and whenever, the unmasked sum is the sum of the survivors, bit for bit', async () => {
  const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stdout.write(`masked sum property: NOREN_TEST_SEED=${seed}\n`);
  const outcomes: Outcome[] = [];
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    outcomes.push(await play(scenario));
  });
  await fc.assert(property, { seed, numRuns: 1000 });
  // A property that hardly ever gets to its end, or never loses too many, would say nothing.
  expect(outcomes.filter((outcome) => outcome === 'summed').length).toBeGreaterThan(400);
  expect(outcomes.filter((outcome) => outcome === 'too few').length).toBeGreaterThan(50);
}, 600_000);
