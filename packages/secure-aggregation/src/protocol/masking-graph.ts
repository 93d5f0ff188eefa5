import type { SiteNumber } from './site-number.ts';
import type { SiteSet } from './site-set.ts';

/**
 * Which sites exchange keys, shares and pair masks. In the complete graph every site is every other's neighbour (Bonawitz et
 * al., CCS 2017); in a sparse one each has a few (Bell et al., CCS 2020). All else of the protocol is the same.
 */
export interface MaskingGraph {
  /** A site and its neighbours, ascending: those among whom it shares its secrets. */
  neighbourhood(site: SiteNumber): readonly SiteNumber[];
  /** Sites whose signatures vouch for the survivors, ascending. */
  readonly signers: readonly SiteNumber[];
}

export function completeGraph(sites: number): MaskingGraph {
  const everybody = Array.from({ length: sites }, (_, number) => number as SiteNumber);
  return { neighbourhood: () => everybody, signers: everybody };
}

/**
 * The Harary graph of even degree: the sites stand in a ring, and each is the neighbour of the degree/2 next on either side.
 *
 * @param ring every site once
 * @param degree even, below the number of sites
 * @param signers how many sites from the ring's beginning vouch for the survivors
 */
export function hararyGraph(ring: readonly SiteNumber[], degree: number, signers: number): MaskingGraph {
  const places = new Map(ring.map((site, place) => [site, place]));
  const reach = degree / 2;
  return {
    neighbourhood: (site) => {
      const place = places.get(site)!;
      const stretch = Array.from({ length: degree + 1 }, (_, step) => ring.at((place - reach + step) % ring.length)!);
      return stretch.sort((a, b) => a - b);
    },
    signers: ring.slice(0, signers).sort((a, b) => a - b),
  };
}

/** How many of a site's neighbourhood, itself included, are among `sites`. */
export function neighboursAmong(graph: MaskingGraph, site: SiteNumber, sites: SiteSet): number {
  return graph.neighbourhood(site).filter((neighbour) => sites.has(neighbour)).length;
}

/** The neighbourhood of a site as far as it is among `sites`, without the site itself; ascending. */
export function neighboursIn(graph: MaskingGraph, site: SiteNumber, sites: SiteSet): readonly SiteNumber[] {
  return graph.neighbourhood(site).filter((neighbour) => neighbour !== site && sites.has(neighbour));
}
