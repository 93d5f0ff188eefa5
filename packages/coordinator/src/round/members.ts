import type { SiteId } from '@noren/protocol';

import type { Member } from './round-state.ts';

/** Members in one part of the list. */
const PART = 128;

/**
 * The members of a round, in the order in which they came. Immutable: a changed list shares all but one part with the one before,
 * because each of ten thousand sites changes half a dozen times in a round, and a whole copy for each took minutes of it.
 */
export class Members {
  /** Unchanged parts are the same arrays in every list, so that what was worked out of one may be kept. */
  readonly parts: readonly (readonly Member[])[];
  readonly size: number;
  /** Shared with the lists that follow, which add to it: a place beyond `size` is none of this list's. */
  readonly #places: Map<SiteId, number>;

  private constructor(parts: readonly (readonly Member[])[], size: number, places: Map<SiteId, number>) {
    this.parts = parts;
    this.size = size;
    this.#places = places;
  }

  /** Of different sites. */
  static of(members: readonly Member[]): Members {
    const parts = Array.from({ length: Math.ceil(members.length / PART) }, (_, index) =>
      members.slice(index * PART, (index + 1) * PART),
    );
    return new Members(parts, members.length, placesOf(members));
  }

  get(site: SiteId): Member | undefined {
    const place = this.#placeOf(site);
    return place === null ? undefined : this.parts[Math.floor(place / PART)]?.[place % PART];
  }

  has(site: SiteId): boolean {
    return this.#placeOf(site) !== null;
  }

  keys(): readonly SiteId[] {
    return this.values().map(({ site }) => site);
  }

  values(): readonly Member[] {
    return this.parts.flat();
  }

  /** With this member in place of what was known of its site, or at the end. */
  with(member: Member): Members {
    const place = this.#placeOf(member.site);
    if (place === null) return this.#and(member);
    const index = Math.floor(place / PART);
    const part = this.parts[index] ?? [];
    return new Members(this.parts.with(index, part.with(place % PART, member)), this.size, this.#places);
  }

  #and(member: Member): Members {
    const isNewest = this.#places.size === this.size;
    const places = isNewest ? this.#places : placesOf(this.values());
    places.set(member.site, this.size);
    const index = Math.floor(this.size / PART);
    const parts = [...this.parts.slice(0, index), [...(this.parts[index] ?? []), member]];
    return new Members(parts, this.size + 1, places);
  }

  #placeOf(site: SiteId): number | null {
    const place = this.#places.get(site);
    return place === undefined || place >= this.size ? null : place;
  }
}

function placesOf(members: readonly Member[]): Map<SiteId, number> {
  return new Map(members.map(({ site }, place) => [site, place]));
}
