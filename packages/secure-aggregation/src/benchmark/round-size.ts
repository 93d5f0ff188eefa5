export interface RoundSize {
  readonly sites: number;
  readonly parameters: number;
  /** Sites that are lost after they have shared their secrets: the place where it costs the coordinator most. */
  readonly dropouts: number;
  readonly valueBits?: number;
}

export function siteIdOf(index: number): string {
  return `site-${String(index).padStart(5, '0')}`;
}

/** Whether a site is lost: they are spread over all sites, and so over the groups. */
export function isLost(index: number, { sites, dropouts }: RoundSize): boolean {
  return Math.floor((index * dropouts) / sites) !== Math.floor(((index + 1) * dropouts) / sites);
}

export function sizeText({ sites, parameters, dropouts }: RoundSize): string {
  const lost = dropouts === 0 ? '' : `, ${dropouts.toLocaleString('en')} lost`;
  return `${sites.toLocaleString('en')} sites x ${parameters.toLocaleString('en')}${lost}`;
}
