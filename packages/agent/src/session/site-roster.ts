import { readSignedRoster, type RoundPlan, type SignedRoster, type SiteRoster } from '@noren/protocol';
import type { SeenRoster } from '../home/state.ts';

/** What a roster is held against. */
export interface RosterFacts {
  /** The registrar's key out of the site's policy; 32 bytes. */
  readonly registrarKey: Uint8Array;
  readonly federation: string;
  readonly siteId: string;
  /** The site's own, 32 bytes. */
  readonly identityKey: Uint8Array;
  /** Null before the first. */
  readonly seen: SeenRoster | null;
}

export type RosterCheck =
  | {
      readonly kind: 'valid';
      readonly roster: SiteRoster;
      readonly members: ReadonlyMap<string, Uint8Array>;
      readonly seen: SeenRoster;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Holds the roster that a plan names against what this site knows of its registrar (secure aggregation, attacks 2 and 3).
 * Epochs only go forward, and the next one must name the one this site has seen: a roster that was replaced, say because
 * a site had to go, does not come back.
 */
export function checkRoster(bytes: Uint8Array, plan: Pick<RoundPlan, 'roster'>, site: RosterFacts): RosterCheck {
  let signed: SignedRoster;
  try {
    signed = readSignedRoster(bytes);
  } catch (error) {
    return refused((error as Error).message);
  }
  const { roster, registrarKey, hash } = signed;
  if (hash !== plan.roster) return refused('the roster is not the one that the plan names');
  if (!sameKey(registrarKey, site.registrarKey)) {
    return refused('the roster is signed with another key than the registrar’s in this site’s policy');
  }
  if (roster.federation !== site.federation) return refused(`the roster is for the federation "${roster.federation}"`);
  const fault = chainFault(signed, site.seen);
  if (fault !== null) return refused(fault);
  const active = roster.sites.filter(({ status }) => status === 'active');
  const members = new Map(active.map(({ site: id, identityKey }) => [id as string, unhex(identityKey)]));
  const own = members.get(site.siteId);
  if (own === undefined || !sameKey(own, site.identityKey)) {
    return refused('the roster does not list this site as active with its own identity key');
  }
  return { kind: 'valid', roster, members, seen: { epoch: roster.epoch, hash } };
}

function chainFault({ roster, hash }: SignedRoster, seen: SeenRoster | null): string | null {
  if (seen === null) return null;
  if (roster.epoch < seen.epoch) {
    return `roster ${roster.epoch} is older than roster ${seen.epoch}, which this site has already seen`;
  }
  if (roster.epoch === seen.epoch && hash !== seen.hash) {
    return `this site has seen another roster ${seen.epoch}: the registrar, or whoever has its key, signed two`;
  }
  if (roster.epoch === seen.epoch + 1 && roster.previousRoster !== seen.hash) {
    return `roster ${roster.epoch} does not name the roster ${seen.epoch} that this site has seen as the one before it`;
  }
  return null;
}

function refused(reason: string): RosterCheck {
  return { kind: 'refused', reason };
}

function sameKey(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
