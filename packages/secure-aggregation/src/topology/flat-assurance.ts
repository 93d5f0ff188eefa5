import type { GroupParameters } from '../group-parameters.ts';
import { mostOf } from './fractions.ts';
import { log2Cut, log2Disconnected } from './harary.ts';
import { log2AtLeast, log2AtMost } from './hypergeometric.ts';
import type { Adversary } from './random-groups.ts';
import { log2Sum } from './log2-sum.ts';

/** What a sparse graph withstands whatever happens, and log2 of the probabilities beyond; see `flatParameters` for the events. */
export interface FlatAssurance {
  /**
   * Sites that may be lost, whichever they are: every neighbourhood and the signers keep enough; and until masking ends, so does
   * the sum.
   */
  readonly lostBeforeMaskingEnds: number;
  readonly lostAfter: number;
  /** Most sites that learn with the coordinator no more than the sum, wherever they stand. */
  readonly colluding: Readonly<Record<Adversary, number>>;
  readonly log2Broken: Readonly<Record<Adversary, number>>;
  readonly log2Lost: number;
}

/**
 * @param parameters of a sparse graph
 * @param corruptFraction of all sites, 0 .. 1, in league with the coordinator; `lostFraction` lost
 */
export function flatAssurance(
  { sites, holders, threshold, signers, signatures, minimumSurvivors }: GroupParameters,
  corruptFraction: number,
  lostFraction: number,
): FlatAssurance {
  const degree = holders - 1;
  const corrupt = { population: sites, marked: mostOf(corruptFraction, sites) };
  const lost = mostOf(lostFraction, sites);
  const lostBeforeMaskingEnds = Math.min(holders - threshold, signers - signatures, sites - minimumSurvivors);
  // Corrupt sites that it takes: to hold a threshold of shares; to cut the ring twice, where others are lost by chance or by
  // choice; to have two lists signed; and to have both secrets of a site told.
  const needed = {
    shares: threshold,
    cutsByChance: degree - lostBeforeMaskingEnds,
    cuts: 2 * (threshold - 1 - degree / 2),
    lists: 2 * signatures - signers,
    bothSecrets: 2 * threshold - holders,
  };
  const atNeighbours = (k: number): number => Math.log2(sites) + log2AtLeast({ ...corrupt, draws: degree }, k);
  const inParts = log2Cut(degree, threshold, { sites, corruptFraction });
  const apart = log2Disconnected(degree, { sites, corruptFraction, lostFraction });
  const twoLists = log2AtLeast({ ...corrupt, draws: signers }, needed.lists);
  const staying = { population: sites, marked: sites - lost };
  const closed = Math.log2(sites) + log2AtMost({ ...staying, draws: degree }, threshold - 1);
  const unsigned = log2AtMost({ ...staying, draws: signers }, signatures - 1);
  return {
    lostBeforeMaskingEnds,
    lostAfter: Math.min(holders - threshold, signers - signatures),
    colluding: {
      passive: Math.min(needed.shares, needed.cutsByChance) - 1,
      active: Math.min(needed.bothSecrets, needed.cuts, needed.lists) - 1,
    },
    log2Broken: {
      passive: Math.min(0, log2Sum([atNeighbours(needed.shares), apart])),
      active: Math.min(0, log2Sum([atNeighbours(needed.bothSecrets), inParts, twoLists])),
    },
    log2Lost: sites - lost < minimumSurvivors ? 0 : Math.min(0, log2Sum([closed, unsigned])),
  };
}
