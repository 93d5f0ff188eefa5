import { AggregationError } from '../errors.ts';
import { locateFalseShares } from '../keys/error-location.ts';
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
  /** Sites whose share does not lie on the polynomials of the others; looked for only if a first attempt failed. */
  readonly falseWitnesses: readonly SiteNumber[];
}

/** Bounds the search beyond what error correction finds. */
const MAXIMUM_ATTEMPTS = 256;

/**
 * The secret of `owner` that its advertisement commits to. Interpolation itself cannot tell a forged share, so every result is
 * checked against the commitment. While it does not match, shares are left out: those that do not fit the others, of which
 * error correction finds as many as half of what is there beyond the threshold; where more are false, one after the other,
 * then two, and so on, for the commitment also tells what no code could.
 *
 * A share that does not fit was forged by who revealed it or dealt false by its owner: only those two know.
 *
 * @param testimonies at least `threshold` of them
 * @throws AggregationError `bad-share` if nothing matches: the owner dealt shares of something else, or too many witnesses
 *   forged theirs; `sites` names the owner
 */
export function reconstruct(
  owner: Member,
  kind: RevealedShare['share']['kind'],
  testimonies: readonly Testimony[],
  roster: Roster,
): Reconstruction {
  const { threshold } = roster.parameters;
  let attempts = 0;
  for (const leftOut of attemptsAt(testimonies, threshold)) {
    if (++attempts > MAXIMUM_ATTEMPTS) break;
    const used = testimonies.filter((testimony) => !leftOut.has(testimony)).slice(0, threshold);
    const secret = matchingSecret(owner, kind, used);
    if (!secret) continue;
    // If the first attempt succeeds the shares it did not need stay untested: that would cost more than all the rest.
    const falseWitnesses = attempts === 1 ? [] : findFalseWitnesses(owner, kind, testimonies, used);
    return { secret, falseWitnesses };
  }
  const witnesses = roster.siteIds(testimonies.map(({ by }) => by));
  throw new AggregationError(
    'bad-share',
    `The shares of ${owner.siteId}'s ${kind} do not lead to what it committed to, whichever ${threshold} are taken from ${witnesses.join(', ')}: ${owner.siteId} dealt false shares, or more of the others revealed false ones than can be left out.`,
    [owner.siteId],
  );
}

/** What to leave out, the likeliest first. */
function* attemptsAt(testimonies: readonly Testimony[], threshold: number): Generator<ReadonlySet<Testimony>> {
  yield new Set();
  const shares = testimonies.map(({ value }) => value);
  const located = locateFalseShares(shares, threshold) ?? [];
  if (located.length > 0) yield new Set(located.map((place) => testimonies[place]!));
  yield* subsetsBySize(testimonies, testimonies.length - threshold);
}

function matchingSecret(
  owner: Member,
  kind: RevealedShare['share']['kind'],
  testimonies: readonly Testimony[],
): Uint8Array | null {
  const secret = combineShares(testimonies.map(({ value }) => value));
  return secret && matchesCommitment(kind, secret, owner.advertisement) ? secret : null;
}

/**
 * Puts every unused share in the place of a good one: the result still matches exactly if the share lies on the same
 * polynomial.
 */
function findFalseWitnesses(
  owner: Member,
  kind: RevealedShare['share']['kind'],
  testimonies: readonly Testimony[],
  good: readonly Testimony[],
): SiteNumber[] {
  const found: SiteNumber[] = [];
  for (const testimony of testimonies) {
    if (good.includes(testimony)) continue;
    if (!matchingSecret(owner, kind, [testimony, ...good.slice(1)])) found.push(testimony.by);
  }
  return found;
}

/** All subsets of 1 .. `largest` elements, by size. */
function* subsetsBySize<T>(elements: readonly T[], largest: number): Generator<ReadonlySet<T>> {
  for (let size = 1; size <= largest; size++) yield* subsets(elements, size, new Set());
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
