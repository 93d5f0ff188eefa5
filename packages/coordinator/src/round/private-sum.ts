import { noisySumRules } from '@noren/protocol';
import type { PlanPrivacy, RoundPlan } from '@noren/protocol';
import { addNoise, decodeNoisySum, NOISE_REACH, noisyElements, noisyQuantiserFor } from '@noren/secure-aggregation';
import type { NoisyQuantiser } from '@noren/secure-aggregation';

import { normOf, unsound } from './aggregate.ts';
import type { YieldTurn } from './aggregate.ts';
import type { NoiseSource } from './coordinator-noise.ts';

/** Samples drawn before the event loop gets its turn: some ten milliseconds. */
const PIECE = 1024;

/** The part of a plan that a private sum is opened by. */
export type PrivateSumPlan = Pick<RoundPlan, 'update' | 'vectorLength'>;

/** A private round's sum as it was opened, over samplingRate * customers. */
export interface PrivateMean {
  readonly meanUpdate: Float32Array;
  readonly norm: number;
  /**
   * Where the clip norm adapts: customers that were not clipped less half of those sampled, with its noise. Those of several
   * sums add up.
   */
  readonly count: number | null;
}

/** Ring, noise and bounds of a private round of `sites` sites: the same at every site, as all count the same roster. */
export function privateQuantiser(plan: PrivateSumPlan, privacy: PlanPrivacy, sites: number): NoisyQuantiser {
  return noisyQuantiserFor(noisySumRules({ ...plan, privacy }, privacy, sites));
}

/** Where the plan trusts the coordinator with the noise: adds it, in place and before the sum is kept anywhere. */
export async function addCoordinatorNoise(
  sum: Int32Array,
  quantiser: NoisyQuantiser,
  source: NoiseSource,
  yieldTurn: YieldTurn,
): Promise<void> {
  const { coordinatorNoise, coordinatorNodes } = quantiser;
  if (coordinatorNoise === 0) return;
  const next = source({ numerator: BigInt(coordinatorNoise) ** 2n, denominator: 1n });
  const noise = new Int32Array(noisyElements(sum.length, quantiser));
  const piece = Math.ceil(PIECE / coordinatorNodes);
  for (let from = 0; from < noise.length; from += piece) {
    const to = Math.min(from + piece, noise.length);
    // Modulo 2^32, as the ring; whole quanta below 2^53 lose nothing on the way.
    for (let i = from; i < to; i++) noise[i] = next() | 0;
    await yieldTurn();
  }
  addNoise(sum, noise);
}

/**
 * Decodes the sum and checks what no honest cohort can produce. Each site sends a vector of norm sumNorm at most, rounded and
 * blurred by less than two quanta an element, and noise; noise of standard deviation s on d elements is longer than s (sqrt(d) + 12) with
 * probability e^-72 (the norm is Lipschitz; Gaussian concentration).
 *
 * Throws CoordinatorError `unsound-aggregate`, AggregationError `out-of-range`.
 */
export async function decodePrivateSum(
  sum: Int32Array,
  o: {
    readonly privacy: PlanPrivacy;
    readonly quantiser: NoisyQuantiser;
    readonly survivors: number;
    readonly yieldTurn: YieldTurn;
  },
): Promise<PrivateMean> {
  const { quantiser, survivors, privacy, yieldTurn } = o;
  const { vector: decoded, count } = decodeNoisySum(sum, survivors, quantiser);
  const length = await normOf(decoded, yieldTurn);
  const { sumNorm, scale, siteNoise } = quantiser;
  const coordinatorNoise = quantiser.coordinatorNoise * Math.sqrt(quantiser.coordinatorNodes);
  const root = Math.sqrt(decoded.length);
  const noise = Math.hypot(siteNoise * Math.sqrt(survivors), coordinatorNoise) * (root + NOISE_REACH);
  const bound = survivors * (sumNorm + (2 * root) / scale) + noise / scale;
  if (!(length <= bound * (1 + 1e-6))) {
    // Without the norm: a failed round of a tree is taken for one that nothing was revealed of, and its noise is used again.
    throw unsound(`the norm of its sum is above the ${bound} that clipping and noise allow`);
  }
  const share = 1 / (privacy.samplingRate * privacy.customers);
  return { meanUpdate: decoded.map((value) => value * share), norm: length * share, count };
}
