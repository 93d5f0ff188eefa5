import type { KeyAdvertisement, RevealedShares, SealedShares, SurvivorSignature } from '../messages.ts';
import type { KeyRegister, Roster } from './roster.ts';
import type { SiteNumber } from './site-number.ts';
import type { ShareTally } from './share-tally.ts';
import type { SiteSet } from './site-set.ts';
import type { Upload } from './upload.ts';

/** What the coordinator knows and holds in each phase. */
export type CoordinatorState =
  | { readonly phase: 'keys'; readonly register: KeyRegister; readonly advertised: Map<string, KeyAdvertisement> }
  /** Its groups go on, each as a round of its own. */
  | { readonly phase: 'divided' }
  | { readonly phase: 'shares'; readonly roster: Roster; readonly sealed: Map<SiteNumber, SealedShares> }
  | ({ readonly phase: 'uploads'; readonly uploads: Map<SiteNumber, Upload> } & Summing)
  | ({ readonly phase: 'consistency' } & Confirming)
  | ({ readonly phase: 'reveals' } & Revealing)
  | ({ readonly phase: 'unmasking' } & Revealing)
  /** The sum is the caller's, and only the caller's: of many groups each lets its own go. */
  | ({ readonly phase: 'unmasked' } & Omit<Revealing, 'sum'>);

interface Summing {
  readonly roster: Roster;
  /** U2. */
  readonly sharingSites: SiteSet;
  /** Of the complete masked vectors. */
  readonly sum: Int32Array;
}

interface Confirming extends Summing {
  /** U3. */
  readonly survivors: SiteSet;
  readonly confirmed: Map<SiteNumber, SurvivorSignature>;
}

interface Revealing extends Confirming {
  readonly revealed: Map<SiteNumber, RevealedShares>;
  readonly tally: ShareTally;
}

/** U1: the ids of the sites in the roster, ascending; empty until keys are closed. */
export function cohortOf(state: CoordinatorState): readonly string[] {
  return 'roster' in state ? state.roster.ids : [];
}

/** Sites that have made it through every phase that is closed. */
export function remainingSites(state: CoordinatorState, invited: ReadonlyMap<string, Uint8Array>): readonly string[] {
  if (state.phase === 'keys') return Array.from(invited.keys());
  if (state.phase === 'divided') return [];
  if (state.phase === 'shares') return cohortOf(state);
  return state.roster.siteIds(state.phase === 'uploads' ? state.sharingSites : state.survivors);
}

/** Sites whose message of the present phase is there. */
export function heardSites(state: CoordinatorState): readonly string[] {
  if (state.phase === 'keys') return Array.from(state.advertised.keys());
  if (state.phase === 'divided') return [];
  if (state.phase === 'shares') return state.roster.siteIds(state.sealed.keys());
  if (state.phase === 'consistency') return state.roster.siteIds(state.confirmed.keys());
  if (state.phase !== 'uploads') return state.roster.siteIds(state.revealed.keys());
  const complete = Array.from(state.uploads).filter(([, upload]) => upload.isComplete);
  return state.roster.siteIds(complete.map(([number]) => number));
}
