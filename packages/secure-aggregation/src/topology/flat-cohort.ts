import { groupParameters, type GroupParameters } from '../group-parameters.ts';
import { hashFields, utf8 } from '../keys/bytes.ts';
import { flatGraph } from './harary.ts';
import { CORRUPT_FRACTION, log2GroupBroken } from './random-groups.ts';
import { ranked } from './ranking.ts';
import { LARGEST_GROUP } from './sizes.ts';

/** Of the cohort, from keys to reveals: a tenth of the sites at worst, wherever they stand in the ring. */
export const LOST_FRACTION = 0.1;

/**
 * 2^-40 that any of the three events below happens in a drawing, and 20 bits more because a coordinator may have a drawing to
 * choose: a million of them to find one that suits it.
 */
export const FLAT_SECURITY_BITS = 60;

/** A round comes to no sum with 2^-20 at most while no more than `LOST_FRACTION` is lost at random. */
export const ABORT_BITS = 20;

/** Who vouches for the survivors: as many as one random group has. */
export const SIGNERS = 100;

const computed = new Map<number, GroupParameters>();

/**
 * What a flat cohort tolerates; every party works it out from its size alone. Up to 128 sites it is one complete graph. Larger
 * ones mask in a Harary graph on a random ring (Bell et al., CCS 2020), planned for the corrupt tenth that random groups are
 * planned for, so that nobody gives security away for the larger sum, and for as many sites lost. Against an active coordinator
 * with these corrupt sites three things hold, all but with probability 2^-60 in one drawing, or 2^-40 in a million drawings
 * among which the coordinator may choose by choosing the cohort:
 *
 * - **One list.** Neighbours could be asked to sign only what their neighbours see, and two far stretches of the ring might be
 *   shown different survivors. So a random sample of the cohort signs for all, `signatures` of `signers`: two lists would need
 *   2 signatures <= signers + corrupt among them.
 * - **Never both secrets** of an honest site, even if there were two lists: 2t > (k + 1) + c for the c corrupt among its k
 *   neighbours, k + 1 because it holds a share of its own.
 * - **Not in parts.** The coordinator may declare lost whom it likes. To see the sum of some survivors apart from the others it
 *   has to cut the ring in two places, each k/2 sites wide, without an honest survivor. The sites at the brink are opened
 *   by t shares, of which their honest neighbours on one side and they themselves have k/2 + 1: so t - k/2 - 1 sites in either
 *   cut are corrupt (`flatGraph`).
 *
 * What is opened is then the sum of all survivors, of two thirds of the cohort at least, or nothing.
 *
 * @param sites 3 .. 10,000
 * @throws AggregationError as `groupParameters`
 */
export function flatParameters(sites: number): GroupParameters {
  if (!(sites > LARGEST_GROUP)) return groupParameters(sites);
  const known = computed.get(sites);
  if (known !== undefined) return known;
  const { degree, threshold } = flatGraph({
    sites,
    corruptFraction: CORRUPT_FRACTION,
    lostFraction: LOST_FRACTION,
    adversary: 'active',
    losses: 'chosen',
    // Half of what is allowed for the graph, half for the signers.
    securityBits: FLAT_SECURITY_BITS + 1,
    abortBits: ABORT_BITS + 1,
  });
  const parameters: GroupParameters = {
    sites,
    holders: degree + 1,
    threshold,
    signers: SIGNERS,
    signatures: signaturesOf(sites),
    minimumSurvivors: Math.floor((2 * sites) / 3) + 1,
    mode: 'active',
  };
  computed.set(sites, parameters);
  return parameters;
}

/** The least number, from two thirds up, that the corrupt sites among the signers cannot have twice. */
function signaturesOf(cohort: number): number {
  let threshold = Math.floor((2 * SIGNERS) / 3) + 1;
  const broken = (): number => log2GroupBroken({ cohort, group: SIGNERS, threshold }, CORRUPT_FRACTION, 'active');
  while (broken() > -(FLAT_SECURITY_BITS + 1)) threshold++;
  return threshold;
}

/**
 * The sites in the order of the ring. It is drawn for this very cohort: with one site less it is another ring, so that a
 * coordinator cannot bring its own sites to somebody's side by leaving out those between.
 *
 * @param seed the registrar's
 * @param cohort site ids in ascending order
 */
export function ringOf(seed: Uint8Array, cohort: readonly string[]): readonly string[] {
  return ranked('ring-rank', seed, hashFields('cohort', cohort.map(utf8)), cohort);
}
