import type { EvaluationReport, Hash, PlanTemplate, SiteId } from '@noren/protocol';

import { UNSUSPECTED } from '@noren/secure-aggregation';
import type { Suspicion } from '@noren/secure-aggregation';

import type { RoundOutcome } from '../round/round-input.ts';
import { roundOf } from './federation-event.ts';
import type { EventBody, FederationEvent, ReleaseMade } from './federation-event.ts';
import { withSuspicion } from './suspicion.ts';
import { foldRound, siteOutcome } from './round-record.ts';
import { openedAt, plannedAt } from './tree-course.ts';
import type { TreeCourse } from './tree-course.ts';
import type { RoundRecord, SiteOutcome } from './round-record.ts';

/** Rounds kept in memory; older ones are folded from the log when asked for. */
export const RECENT_ROUNDS = 50;
/** Rounds in a site's history. */
export const SITE_HISTORY = 30;

export interface SiteRecord {
  readonly id: SiteId;
  readonly name: string;
  /** Null until the site has enrolled, and after it was revoked. */
  readonly enrolment: {
    readonly identityKey: string;
    /** Of the newest client certificate, and of the one before: a renewal may be lost on its way to the site. */
    readonly fingerprint: string;
    readonly previousFingerprint: string | null;
    readonly at: number;
  } | null;
  readonly revoked: string | null;
  /** What rounds whose groups were compared say of it. */
  readonly suspicion: Suspicion;
  /** Since when, and why, it is left out of the rounds; null if it is not. */
  readonly quarantine: { readonly at: number; readonly rounds: number; readonly outlying: number } | null;
  /** Oldest first. */
  readonly history: readonly SiteOutcome[];
  /** The gate's last word at this site. */
  readonly lastReport: { readonly round: number; readonly report: EvaluationReport } | null;
}

export interface RosterRecord {
  readonly epoch: number;
  readonly hash: Hash;
  readonly registrarKey: string;
  /** Identity keys of the active sites. */
  readonly members: ReadonlyMap<SiteId, string>;
}

export interface InvitationRecord {
  readonly site: SiteId;
  readonly expiresAt: number;
}

export interface Release extends Omit<ReleaseMade, 'kind'> {
  readonly at: number;
}

/** Everything durable about a federation. Immutable; the fold of its events. */
export interface FederationState {
  readonly sequence: number;
  readonly id: string;
  readonly name: string;
  readonly backbone: { readonly hash: Hash; readonly parameters: number; readonly groups: readonly string[] } | null;
  readonly plan: { readonly template: PlanTemplate; readonly vectorLength: number } | null;
  /** Where the plan's clip norm adapts, that of the next round; null until a round has moved it. */
  readonly clipNorm: number | null;
  /** Where the plan's rounds share a tree of noise, how far they have come; null before the first. */
  readonly tree: TreeCourse | null;
  /** The release in force. */
  readonly release: Release | null;
  readonly sites: ReadonlyMap<SiteId, SiteRecord>;
  /** The registrar's roster in force; null in a federation without a registrar. */
  readonly roster: RosterRecord | null;
  /** Open invitations by token hash. */
  readonly invitations: ReadonlyMap<string, InvitationRecord>;
  readonly paused: boolean;
  /** The newest survey whose sum was opened, however long ago. */
  readonly survey: RoundRecord | null;
  /** Newest first, at most RECENT_ROUNDS. */
  readonly rounds: readonly RoundRecord[];
  /** Files that sites may fetch: backbones and releases that have been in force. */
  readonly published: ReadonlySet<Hash>;
  readonly totals: Totals;
}

/** Counted over all rounds that have ended. */
export interface Totals {
  readonly rounds: Readonly<Record<RoundOutcome, number>>;
  readonly roundSeconds: number;
  readonly bytesUp: number;
}

export const EMPTY_FEDERATION: FederationState = {
  sequence: 0,
  id: '',
  name: '',
  backbone: null,
  plan: null,
  clipNorm: null,
  tree: null,
  release: null,
  sites: new Map(),
  roster: null,
  invitations: new Map(),
  paused: false,
  survey: null,
  rounds: [],
  published: new Set(),
  totals: { rounds: { accepted: 0, rejected: 0, failed: 0 }, roundSeconds: 0, bytesUp: 0 },
};

/** Applies the next event. Throws TypeError when the sequence has a gap. */
export function foldEvent(state: FederationState, event: FederationEvent): FederationState {
  if (event.sequence !== state.sequence + 1) {
    throw new TypeError(`event ${event.sequence} does not follow event ${state.sequence}`);
  }
  return { ...apply(state, event.body, event.at), sequence: event.sequence };
}

/** The round that has not ended, or null. There is at most one. */
export function runningRound(state: FederationState): RoundRecord | null {
  const newest = state.rounds[0];
  return newest !== undefined && newest.endedAt === null ? newest : null;
}

function apply(state: FederationState, body: EventBody, at: number): FederationState {
  switch (body.kind) {
    case 'federation-created':
      return { ...state, id: body.id, name: body.name };
    case 'backbone-registered': {
      const { hash, parameters, groups } = body;
      const published = including(state.published, hash);
      return { ...state, backbone: { hash, parameters, groups }, plan: null, clipNorm: null, tree: null, published };
    }
    case 'plan-adopted':
      // A plan begins with its own norm, and with noise of its own.
      return {
        ...state,
        plan: { template: body.template, vectorLength: body.vectorLength },
        clipNorm: null,
        tree: null,
      };
    case 'release-made': {
      const { kind: _, ...release } = body;
      return { ...state, release: { ...release, at }, published: including(state.published, body.hash) };
    }
    case 'site-invited':
      return invited(state, body);
    case 'site-enrolled':
      return enrolled(state, body, at);
    case 'site-renewed':
      return renewed(state, body);
    case 'site-revoked':
      return revoked(state, body);
    case 'site-quarantined': {
      const { site, rounds, outlying } = body;
      return withSite(state, site, { quarantine: { at, rounds, outlying } });
    }
    case 'site-released':
      return withSite(state, body.site, { quarantine: null, suspicion: UNSUSPECTED });
    case 'roster-installed':
      return rosterInstalled(state, body);
    case 'schedule-paused':
      return { ...state, paused: true };
    case 'schedule-resumed':
      return { ...state, paused: false };
    default:
      return appliedRound(state, body, at);
  }
}

/**
 * The identity keys of the sites that may take part in a round: enrolled here, not in quarantine and, where there is a
 * registrar, listed with the same key. A site on no roster would make every other site end the round.
 */
export function eligibleSites({ sites, roster }: FederationState): Map<SiteId, string> {
  const keys = new Map<SiteId, string>();
  for (const [site, { enrolment, quarantine }] of sites) {
    if (enrolment === null || quarantine !== null) continue;
    if (roster === null || roster.members.get(site) === enrolment.identityKey) keys.set(site, enrolment.identityKey);
  }
  return keys;
}

type BodyOf<K extends EventBody['kind']> = Extract<EventBody, { kind: K }>;

function rosterInstalled(state: FederationState, body: BodyOf<'roster-installed'>): FederationState {
  const { epoch, hash, registrarKey } = body;
  const members = new Map(body.members.map(({ site, identityKey }) => [site, identityKey]));
  return { ...state, roster: { epoch, hash, registrarKey, members }, published: including(state.published, hash) };
}

function invited(state: FederationState, body: BodyOf<'site-invited'>): FederationState {
  const { site, name, tokenHash, expiresAt } = body;
  const known = state.sites.get(site);
  const nothing = {
    enrolment: null,
    revoked: null,
    suspicion: UNSUSPECTED,
    quarantine: null,
    history: [],
    lastReport: null,
  };
  const record = known ?? { id: site, ...nothing };
  // A newer invitation replaces the site's older ones: an operator who invites again has lost the first.
  const others = [...state.invitations].filter(([, invitation]) => invitation.site !== site);
  return {
    ...state,
    sites: new Map(state.sites).set(site, { ...record, name }),
    invitations: new Map(others).set(tokenHash, { site, expiresAt }),
  };
}

function enrolled(state: FederationState, body: BodyOf<'site-enrolled'>, at: number): FederationState {
  const { site, identityKey, fingerprint, tokenHash } = body;
  const invitations = new Map(state.invitations);
  invitations.delete(tokenHash);
  const enrolment = { identityKey, fingerprint, previousFingerprint: null, at };
  return withSite({ ...state, invitations }, site, { enrolment, revoked: null });
}

function renewed(state: FederationState, { site, fingerprint }: BodyOf<'site-renewed'>): FederationState {
  const enrolment = state.sites.get(site)?.enrolment ?? null;
  if (enrolment === null) return state;
  const { fingerprint: previousFingerprint } = enrolment;
  return withSite(state, site, { enrolment: { ...enrolment, fingerprint, previousFingerprint } });
}

/** A revoked site's open invitations end with it; only a new one lets it back. */
function revoked(state: FederationState, { site, reason }: BodyOf<'site-revoked'>): FederationState {
  const invitations = new Map([...state.invitations].filter(([, invitation]) => invitation.site !== site));
  return withSite({ ...state, invitations }, site, { enrolment: null, revoked: reason });
}

function appliedRound(state: FederationState, body: EventBody, at: number): FederationState {
  const roundId = roundOf(body);
  if (!('roundId' in body) || roundId === null) return state;
  const known = state.rounds.find((round) => round.id === roundId) ?? null;
  const round = foldRound(known, body, at);
  const rounds =
    known === null
      ? [round, ...state.rounds].slice(0, RECENT_ROUNDS)
      : state.rounds.map((other) => (other.id === roundId ? round : other));
  const next = { ...state, rounds };
  if (body.kind === 'round-planned' && body.tree !== undefined) {
    return { ...next, tree: plannedAt(state.tree, body.tree) };
  }
  if (body.kind === 'round-aggregated') {
    // Whatever becomes of the round: count and noise are known, and were paid for.
    const tree = round.tree === null ? state.tree : openedAt(state.tree, round.tree);
    const clipNorm = body.clipping?.clipNorm ?? state.clipNorm;
    return { ...next, sites: withSuspicion(next.sites, body.groups ?? []), clipNorm, tree };
  }
  if (body.kind === 'round-reported') {
    return withSite(next, body.site, { lastReport: { round: round.number, report: body.report } });
  }
  if (body.kind !== 'round-closed') return next;
  const survey = round.measures === null ? state.survey : round;
  return { ...withHistory(next, round), survey, totals: counted(state.totals, round, body.outcome) };
}

function counted(totals: Totals, round: RoundRecord, outcome: RoundOutcome): Totals {
  return {
    rounds: { ...totals.rounds, [outcome]: totals.rounds[outcome] + 1 },
    roundSeconds: totals.roundSeconds + ((round.endedAt ?? round.startedAt) - round.startedAt) / 1000,
    bytesUp: totals.bytesUp + (round.evidence?.bytesUp ?? 0),
  };
}

function withHistory(state: FederationState, round: RoundRecord): FederationState {
  const sites = new Map(state.sites);
  for (const [id, site] of sites) {
    if (site.enrolment === null) continue;
    sites.set(id, { ...site, history: [...site.history, siteOutcome(round, id)].slice(-SITE_HISTORY) });
  }
  return { ...state, sites };
}

function withSite(state: FederationState, id: SiteId, change: Partial<SiteRecord>): FederationState {
  const site = state.sites.get(id);
  if (site === undefined) return state;
  return { ...state, sites: new Map(state.sites).set(id, { ...site, ...change }) };
}

function including(set: ReadonlySet<Hash>, hash: Hash): ReadonlySet<Hash> {
  return new Set(set).add(hash);
}
