import { AggregationError } from './errors.ts';

/** What a group of a given size tolerates. Every party computes it; nobody can be told another value. */
export interface GroupParameters {
  /** Sites that advertised keys, |U1|. */
  readonly sites: number;
  /** Sites among which each secret is shared: all of them, or in a flat cohort its site and the site's neighbours. */
  readonly holders: number;
  /** Shares that reconstruct a secret (Shamir's t). More than half the holders, so two camps cannot both reach it. */
  readonly threshold: number;
  /** Sites whose signatures vouch for the survivors: all of them, or in a flat cohort a sample. */
  readonly signers: number;
  /** Signatures without which nobody reveals, in active groups. More than half the signers. */
  readonly signatures: number;
  /** Fewest inputs a revealed sum may have. */
  readonly minimumSurvivors: number;
  /**
   * `active`: a threshold of sites signs the survivors before anybody reveals (Bonawitz et al. 2017, figure 4,
   * ConsistencyCheck). `passive`: nobody does. Three sites are passive because there is nothing to agree on: the only
   * survivors that one of them accepts are all three.
   */
  readonly mode: 'active' | 'passive';
}

/**
 * The least a site agrees to, whatever the coordinator asks: its own policy, from its own disk. It can only make a
 * round stricter than `groupParameters` already does.
 */
export interface SiteFloor {
  /** Fewest sites in any sum that this site's update enters: checked on the roster, U2 and the survivors. */
  readonly minimumSites: number;
  /** Least threshold / holders, 0..1. */
  readonly minimumThresholdFraction: number;
  /**
   * Least sites of the round, in all its groups, / sites that the registrar lists, 0..1; needs `registeredIdentities`. Without
   * it 0. A coordinator that leaves most sites out chooses among whom an update hides; and in a roster that is one group who
   * colludes has a larger part.
   */
  readonly minimumRosterFraction?: number | undefined;
}

/** In a sum of two, each site learns the other's input by subtracting its own. */
const MINIMUM_SITES = 3;

/** Shares are points of GF(2^8) with x != 0. */
export const MAXIMUM_SITES = 255;

/**
 * Threshold and minimum of survivors of a complete graph of `sites` sites: t = floor(2n/3) + 1 (n = 3: 2), which leaves
 * fewer than a third of the sites room to collude with the coordinator or to drop out (Bonawitz et al. 2017, section
 * 6.2: 2t > n + c).
 *
 * @param sites 3 .. 255
 * @throws AggregationError `too-few-sites`, `too-many-sites`, `malformed`
 */
export function groupParameters(sites: number): GroupParameters {
  if (!Number.isSafeInteger(sites)) {
    throw new AggregationError('malformed', `A group has a whole number of sites, not ${sites}.`);
  }
  if (sites < MINIMUM_SITES) {
    throw new AggregationError(
      'too-few-sites',
      `${sites} site(s) cannot hide in their sum; a round needs at least ${MINIMUM_SITES}.`,
    );
  }
  if (sites > MAXIMUM_SITES) {
    throw new AggregationError(
      'too-many-sites',
      `${sites} sites are more than one group can hold (${MAXIMUM_SITES}); divide them into groups.`,
    );
  }
  const threshold = sites === MINIMUM_SITES ? 2 : Math.floor((2 * sites) / 3) + 1;
  const mode = sites === MINIMUM_SITES ? 'passive' : 'active';
  const minimumSurvivors = Math.max(MINIMUM_SITES, threshold);
  return { sites, holders: sites, threshold, signers: sites, signatures: threshold, minimumSurvivors, mode };
}

/** Whether a site masks with some of the others only, as in a large flat cohort. */
export function isSparse({ holders, sites }: GroupParameters): boolean {
  return holders < sites;
}
