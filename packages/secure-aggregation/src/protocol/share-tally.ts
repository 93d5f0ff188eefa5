import type { SiteNumber } from './site-number.ts';

/** Counts the shares that are revealed of each site's secret, until there are enough of all. */
export class ShareTally {
  readonly #threshold: number;
  readonly #short: Map<SiteNumber, number>;

  /** @param threshold shares that reconstruct a secret, 1 or more */
  constructor(sites: Iterable<SiteNumber>, threshold: number) {
    this.#threshold = threshold;
    this.#short = new Map(Array.from(sites, (site) => [site, 0]));
  }

  /** @param sites of whose secrets a share each was revealed */
  add(sites: Iterable<SiteNumber>): void {
    for (const site of sites) {
      const count = this.#short.get(site);
      if (count === undefined) continue;
      if (count + 1 < this.#threshold) this.#short.set(site, count + 1);
      else this.#short.delete(site);
    }
  }

  /** Sites of whose secret there are too few shares yet. */
  get short(): Iterable<SiteNumber> {
    return this.#short.keys();
  }

  get isComplete(): boolean {
    return this.#short.size === 0;
  }
}
