import { AggregationError } from '../errors.ts';
import { equalBytes } from '../keys/bytes.ts';
import type { KeyAdvertisement, KeyRoster } from '../messages.ts';
import { Roster } from './roster.ts';
import type { RoundContext } from './round-context.ts';
import type { SiteNumber } from './site-number.ts';
import { FreshSecrets, PeerSecrets, type HeldShares } from './site-secrets.ts';
import type { Keyed, Sharing, SiteState } from './site-state.ts';

/** Steps in which a site can stop and go on, in their order; each is reached before a message of it leaves. */
export const RESUMABLE_STEPS = ['advertised', 'shared', 'ready', 'masked', 'confirmed', 'revealed'] as const;
export type ResumableStep = (typeof RESUMABLE_STEPS)[number];

const VERSION = 1;

/** Who exported, and in which round; the state goes on nowhere else. */
interface Frame {
  readonly version: number;
  readonly siteId: string;
  readonly roundId: string;
  readonly planHash: Uint8Array;
  readonly length: number;
  readonly valueBits: number | null;
  readonly state: KeptState;
}

type KeptState =
  | {
      readonly step: 'advertised';
      readonly own: KeyAdvertisement;
      readonly selfMask: Uint8Array;
      readonly maskScalar: Uint8Array;
      readonly channelScalar: Uint8Array;
    }
  | ({ readonly step: 'shared' } & KeptKeys)
  | ({ readonly step: 'ready' } & KeptKeys & KeptShares)
  | ({ readonly step: 'masked' } & KeptShares)
  | ({ readonly step: 'confirmed'; readonly survivors: readonly number[] } & KeptShares)
  | { readonly step: 'revealed' }
  | { readonly step: 'abandoned'; readonly reason: string };

interface KeptKeys {
  readonly roster: KeyRoster;
  readonly self: number;
  readonly channel: readonly (readonly [number, Uint8Array])[];
  readonly pairSeeds: readonly (readonly [number, Uint8Array])[];
  readonly selfSeed: Uint8Array;
  readonly ownShares: HeldShares;
}

interface KeptShares {
  readonly roster: KeyRoster;
  readonly self: number;
  readonly sharingSites: readonly number[];
  readonly held: readonly (readonly [number, HeldShares])[];
}

/** @throws AggregationError `wrong-state` in a step that has nothing to go on from */
export function encodeSiteState(state: SiteState, context: RoundContext, siteId: string): Uint8Array {
  const { roundId, planHash, length, valueBits = null } = context;
  const kept = keptState(state);
  const frame: Frame = { version: VERSION, siteId, roundId, planHash, length, valueBits, state: kept };
  return new Uint8Array(Buffer.from(JSON.stringify(frame, bytesAsText), 'utf8'));
}

/**
 * The state that was exported by this site in this round. The bytes are believed as far as only the site can have written
 * them, so whoever keeps them keeps them authentic; the roster's signatures are verified all the same.
 *
 * @throws AggregationError `malformed`, `wrong-round`, `wrong-plan`, and as `Roster.verify`
 */
export function decodeSiteState(exported: Uint8Array, context: RoundContext, siteId: string): SiteState {
  const frame = readFrame(exported);
  if (frame.siteId !== siteId || frame.roundId !== context.roundId) {
    throw new AggregationError('wrong-round', `This is the state of ${frame.siteId} in round ${frame.roundId}.`);
  }
  const samePlan = equalBytes(frame.planHash, context.planHash) && frame.length === context.length;
  if (!samePlan || frame.valueBits !== (context.valueBits ?? null)) {
    throw new AggregationError('wrong-plan', `This is a state of round ${frame.roundId} under another plan.`);
  }
  return siteState(frame.state, context, siteId);
}

function keptState(state: SiteState): KeptState {
  switch (state.step) {
    case 'begun':
    case 'sharing':
      throw new AggregationError('wrong-state', `In step '${state.step}' there is nothing to go on from.`);
    case 'advertised':
      return { step: 'advertised', own: state.own, ...state.secrets.export() };
    case 'shared':
      return { step: 'shared', ...keptKeys(state) };
    case 'ready':
      return { step: 'ready', ...keptKeys(state), ...keptShares(state) };
    case 'masked':
      return { step: 'masked', ...keptShares(state) };
    case 'confirmed':
      return { step: 'confirmed', survivors: state.survivors.numbers, ...keptShares(state) };
    case 'revealed':
    case 'abandoned':
      return state;
  }
}

function keptKeys({ roster, self, peers, selfSeed, ownShares }: Keyed): KeptKeys {
  return { roster: roster.messageFor(self), self, ...peers.export(), selfSeed, ownShares };
}

function keptShares({ roster, self, sharingSites, held }: Sharing): KeptShares {
  return { roster: roster.messageFor(self), self, sharingSites: sharingSites.numbers, held: Array.from(held) };
}

function siteState(kept: KeptState, context: RoundContext, siteId: string): SiteState {
  switch (kept.step) {
    case 'advertised':
      return { step: 'advertised', own: kept.own, secrets: new FreshSecrets(kept) };
    case 'shared':
      return { step: 'shared', ...keyed(kept, context, siteId) };
    case 'ready':
      return { step: 'ready', ...keyed(kept, context, siteId), ...sharing(kept, context, siteId) };
    case 'masked':
      return { step: 'masked', ...sharing(kept, context, siteId) };
    case 'confirmed': {
      const shares = sharing(kept, context, siteId);
      return { step: 'confirmed', ...shares, survivors: shares.roster.sites(kept.survivors) };
    }
    case 'revealed':
      return { step: 'revealed' };
    case 'abandoned':
      return { step: 'abandoned', reason: kept.reason };
  }
}

function keyed(kept: KeptKeys, context: RoundContext, siteId: string): Keyed {
  const roster = Roster.verify(context, kept.roster, siteId);
  const self = kept.self as SiteNumber;
  const { selfSeed, ownShares } = kept;
  return { roster, self, peers: PeerSecrets.restore(kept, roster, self, context.planHash), selfSeed, ownShares };
}

function sharing(kept: KeptShares, context: RoundContext, siteId: string): Sharing {
  const roster = Roster.verify(context, kept.roster, siteId);
  const held = new Map(kept.held.map(([of, shares]) => [of as SiteNumber, shares]));
  return { roster, self: kept.self as SiteNumber, sharingSites: roster.sites(kept.sharingSites), held };
}

function readFrame(exported: Uint8Array): Frame {
  let frame: Frame;
  try {
    frame = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(exported), textAsBytes) as Frame;
  } catch {
    throw new AggregationError('malformed', 'This is no exported state of a round.');
  }
  if (frame?.version === VERSION) return frame;
  throw new AggregationError('malformed', `An exported state has version ${VERSION}, not ${frame?.version}.`);
}

/** Bytes stand in JSON as `{ "base64": "..." }`. */
function bytesAsText(_key: string, value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  return { base64: Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64') };
}

function textAsBytes(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('base64' in value)) return value;
  return new Uint8Array(Buffer.from(String(value.base64), 'base64'));
}
