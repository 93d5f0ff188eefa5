import type { GroupView, RoundView } from '@noren/protocol/console';

/** How the rounds of a world are divided. */
export interface Division {
  readonly groups: number;
  /** The site that spoils its groups; null in a federation that does not compare them. */
  readonly spoiler: string | null;
}

const AGAINST = 'it points against the other groups (cosine -0.612 with their median)';
/** Of groups that are not compared one in so many loses too many of its sites. */
const LOST_EVERY = 40;
const TOO_FEW = 'too few masked updates arrived: 2 of 4, 3 are needed';

/** A round whose survivors were divided among groups drawn anew, and whose result lacks the groups that are out. */
export function dividedRound(round: RoundView, division: Division, random: () => number): RoundView {
  const { outcome, survivors } = round;
  if (outcome === 'failed') return round;
  const order = survivors
    .map((site) => ({ site, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ site }) => site);
  const groups = Array.from({ length: division.groups }, (_, index) => {
    const sites = order.filter((_site, at) => at % division.groups === index);
    return division.spoiler === null && index % LOST_EVERY === LOST_EVERY - 1
      ? { survivors: [], norm: null, cosine: null, fault: TOO_FEW, outlying: null }
      : group(sites, division, random);
  });
  const counted = groups.filter(({ fault }) => fault === null).flatMap((one) => one.survivors);
  return { ...round, groups, survivors: counted.toSorted() };
}

/** The round as it is while a site is in quarantine. */
export function without(round: RoundView, site: string): RoundView {
  const others = (sites: readonly string[]): string[] => sites.filter((other) => other !== site);
  return {
    ...round,
    cohort: others(round.cohort),
    survivors: others(round.survivors),
    dropped: round.dropped.filter((drop) => drop.site !== site),
    gates: round.gates.filter((judged) => judged.site !== site),
  };
}

function group(sites: readonly string[], { spoiler }: Division, random: () => number): GroupView {
  const survivors = sites.toSorted();
  const norm = 0.118 + random() * 0.012;
  const cosine = 0.93 + random() * 0.05;
  if (spoiler === null) return { survivors, norm, cosine, fault: null, outlying: null };
  if (!sites.includes(spoiler)) return { survivors, norm, cosine, fault: null, outlying: false };
  const chance = random();
  if (chance < 0.4) return { survivors, norm: norm * 0.7, cosine: -0.612, fault: AGAINST, outlying: true };
  if (chance < 0.8) return { survivors, norm: norm * 0.8, cosine: 0.441, fault: null, outlying: true };
  return { survivors, norm, cosine, fault: null, outlying: false };
}
