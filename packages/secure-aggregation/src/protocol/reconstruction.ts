import { AggregationError } from '../errors.ts';
import { combineShares } from '../keys/secret-sharing.ts';
import type { RevealedShare } from '../messages.ts';
import { matchesCommitment } from './key-schedule.ts';
import type { Member, Roster } from './roster.ts';
import type { SiteNumber } from './site-number.ts';

/** A revealed share and the site that revealed it. */
export interface Testimony {
  readonly by: SiteNumber;
  readonly value: Uint8Array;
}

export interface Reconstruction {
  readonly secret: Uint8Array;
  /** Sites whose share does not lie on the polynomial of the others; looked for only if a first attempt failed. */
  readonly falseWitnesses: readonly SiteNumber[];
}

/** Bounds the search: with more forged shares than it finds a way around, the round fails and names the site. */
const MAXIMUM_ATTEMPTS = 256;

/**
 * The secret of `owner` that its advertisement commits to. Interpolation itself cannot tell a forged share, so every
 * result is checked against the commitment; while it does not match, other sets of `threshold` shares are tried, leaving
 * out one site, then two, and so on.
 *
 * @param testimonies at least `threshold` of them
 * @throws AggregationError `bad-share` if no set matches: the owner dealt shares of something else, or too many witnesses
 *   forged theirs; `sites` names the owner
 */
export async function reconstruct(
  owner: Member,
  kind: RevealedShare['share']['kind'],
  testimonies: readonly Testimony[],
  roster: Roster,
): Promise<Reconstruction> {
  const { threshold } = roster.parameters;
  let attempts = 0;
  for (const leftOut of subsetsBySize(testimonies, testimonies.length - threshold)) {
    if (++attempts > MAXIMUM_ATTEMPTS) break;
    const used = testimonies.filter((testimony) => !leftOut.has(testimony)).slice(0, threshold);
    const secret = await matchingSecret(owner, kind, used);
    if (!secret) continue;
    // If the first attempt succeeds the shares it did not need stay untested: that would cost more than all the rest.
    const falseWitnesses = leftOut.size === 0 ? [] : await findFalseWitnesses(owner, kind, testimonies, used);
    return { secret, falseWitnesses };
  }
  const witnesses = roster.siteIds(testimonies.map(({ by }) => by));
  throw new AggregationError(
    'bad-share',
    `The shares of ${owner.siteId}'s ${kind} do not lead to what it committed to, whichever ${threshold} are taken from ${witnesses.join(', ')}: ${owner.siteId} dealt false shares, or more of the others revealed false ones than can be left out.`,
    [owner.siteId],
  );
}

async function matchingSecret(
  owner: Member,
  kind: RevealedShare['share']['kind'],
  testimonies: readonly Testimony[],
): Promise<Uint8Array | null> {
  const secret = await combineShares(testimonies.map(({ value }) => value));
  return secret && matchesCommitment(kind, secret, owner.advertisement) ? secret : null;
}

/**
 * Puts every unused share in the place of a good one: the result still matches exactly if the share lies on the same
 * polynomial.
 */
async function findFalseWitnesses(
  owner: Member,
  kind: RevealedShare['share']['kind'],
  testimonies: readonly Testimony[],
  good: readonly Testimony[],
): Promise<SiteNumber[]> {
  const found: SiteNumber[] = [];
  for (const testimony of testimonies) {
    if (good.includes(testimony)) continue;
    if (!(await matchingSecret(owner, kind, [testimony, ...good.slice(1)]))) found.push(testimony.by);
  }
  return found;
}

/** All subsets of at most `largest` elements, the empty one first, then by size. */
function* subsetsBySize<T>(elements: readonly T[], largest: number): Generator<ReadonlySet<T>> {
  for (let size = 0; size <= largest; size++) yield* subsets(elements, size, new Set());
}

function* subsets<T>(elements: readonly T[], size: number, chosen: Set<T>): Generator<ReadonlySet<T>> {
  if (size === 0) {
    yield chosen;
    return;
  }
  for (let i = 0; i + size <= elements.length; i++) {
    yield* subsets(elements.slice(i + 1), size - 1, new Set(chosen).add(elements[i]!));
  }
}
