import type { KeyAdvertisement } from '../messages.ts';
import type { Roster } from './roster.ts';
import type { SiteNumber } from './site-number.ts';
import type { SiteSet } from './site-set.ts';
import type { FreshSecrets, HeldShares, PeerSecrets } from './site-secrets.ts';

/** What the site knows and holds in each step; a step's secrets are gone once the next one has no use for them. */
export type SiteState =
  | { readonly step: 'begun' }
  | ({ readonly step: 'advertised' } & Advertised)
  | { readonly step: 'sharing' }
  | ({ readonly step: 'shared' } & Keyed)
  | ({ readonly step: 'ready' } & Keyed & Sharing)
  | ({ readonly step: 'masked' } & Sharing)
  | ({ readonly step: 'confirmed'; readonly survivors: SiteSet } & Sharing)
  | { readonly step: 'revealed' }
  | { readonly step: 'abandoned'; readonly reason: string };

export interface Advertised {
  readonly own: KeyAdvertisement;
  readonly secrets: FreshSecrets;
}

export interface Keyed {
  readonly roster: Roster;
  readonly self: SiteNumber;
  readonly peers: PeerSecrets;
  readonly selfSeed: Uint8Array;
  readonly ownShares: HeldShares;
}

export interface Sharing {
  readonly roster: Roster;
  readonly self: SiteNumber;
  /** U2. */
  readonly sharingSites: SiteSet;
  /** Of every neighbour in U2, and of the site itself. */
  readonly held: ReadonlyMap<SiteNumber, HeldShares>;
}
