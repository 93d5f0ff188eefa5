import type { KeyAdvertisement, KeyRoster } from '../messages.ts';
import type { Identity } from '../keys/identity.ts';
import type { RoundContext } from '../protocol/round-context.ts';
import { keysStatement, signStatement } from '../protocol/transcript.ts';
import type { TestFederation } from './federation.ts';

/** The roster of a federation all of whose sites have advertised, as the coordinator would send it. */
export function rosterOf(federation: TestFederation): KeyRoster {
  for (const { round } of federation.sites) federation.coordinator.advertise(round.advertise());
  return federation.coordinator.closeKeys();
}

/** The roster with the advertisement at `index` changed, its signature as it was. */
export function withAdvertisement(roster: KeyRoster, index: number, change: Partial<KeyAdvertisement>): KeyRoster {
  const advertisements = roster.advertisements.map((m, i) => (i === index ? { ...m, ...change } : m));
  return { ...roster, advertisements };
}

export function withIdentity(roster: KeyRoster, index: number, identityKey: Uint8Array): KeyRoster {
  return { ...roster, identityKeys: roster.identityKeys.map((key, i) => (i === index ? identityKey : key)) };
}

/** The roster with the advertisement at `index` changed and signed again: by a dishonest site, or by an impostor. */
export function withSignedAdvertisement(
  roster: KeyRoster,
  index: number,
  change: Partial<KeyAdvertisement>,
  identity: Identity,
  context: RoundContext,
): KeyRoster {
  const changed = { ...roster.advertisements.at(index)!, ...change };
  const signature = signStatement(identity, context, changed.siteId, keysStatement(changed));
  return withAdvertisement(roster, index, { ...changed, signature });
}
