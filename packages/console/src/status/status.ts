import type { Liveness } from '../connection/live-events.ts';
import type { GateView, SiteView } from '@noren/protocol/console';
import type { GroupStanding } from '../round/group-standing.ts';
import type { Standing } from '../round/participants.ts';

export type SiteOutcome = SiteView['history'][number];

/** Colour family of a status. A status has one tone and one glyph everywhere on the page. */
type Tone = 'good' | 'caution' | 'bad' | 'active' | 'quiet';
export type Glyph =
  | 'check'
  | 'minus'
  | 'cross'
  | 'break'
  | 'slash'
  | 'dot'
  | 'ring'
  | 'pulse'
  | 'shield'
  | 'diamond'
  | 'enclosed';

export interface StatusLook {
  readonly tone: Tone;
  readonly glyph: Glyph;
}

/** `running` and the outcomes a round, or a site in a round, can have. */
export const outcomeLook: Readonly<Record<SiteOutcome | 'running', StatusLook>> = {
  running: { tone: 'active', glyph: 'pulse' },
  accepted: { tone: 'good', glyph: 'check' },
  rejected: { tone: 'caution', glyph: 'minus' },
  failed: { tone: 'bad', glyph: 'cross' },
  dropped: { tone: 'caution', glyph: 'break' },
  refused: { tone: 'quiet', glyph: 'slash' },
  absent: { tone: 'quiet', glyph: 'ring' },
};

export const connectionLook: Readonly<Record<'connected' | 'busy' | 'away', StatusLook>> = {
  connected: { tone: 'good', glyph: 'dot' },
  busy: { tone: 'active', glyph: 'pulse' },
  away: { tone: 'quiet', glyph: 'ring' },
};

/** Sites in the running round. */
export const standingLook: Readonly<Record<Standing, StatusLook>> = {
  working: { tone: 'active', glyph: 'pulse' },
  unfinished: { tone: 'quiet', glyph: 'ring' },
  delivered: { tone: 'good', glyph: 'dot' },
  judged: { tone: 'good', glyph: 'check' },
  dropped: outcomeLook.dropped,
  refused: outcomeLook.refused,
};

/** Groups of a round. */
export const groupLook: Readonly<Record<GroupStanding, StatusLook>> = {
  counted: { tone: 'good', glyph: 'check' },
  outlying: { tone: 'caution', glyph: 'diamond' },
  out: { tone: 'bad', glyph: 'cross' },
};

export const quarantineLook: StatusLook = { tone: 'caution', glyph: 'enclosed' };
export const revokedLook: StatusLook = { tone: 'quiet', glyph: 'cross' };

export const livenessLook: Readonly<Record<Liveness, StatusLook>> = {
  connecting: { tone: 'quiet', glyph: 'ring' },
  live: { tone: 'good', glyph: 'dot' },
  reconnecting: { tone: 'caution', glyph: 'break' },
};

export const pausedLook: StatusLook = { tone: 'caution', glyph: 'minus' };

/** What a gate's verdict means for the site: the candidate is in service, or the site stays with something better. */
export function gateLook(gate: GateView): StatusLook {
  return gate.adopted ? { tone: 'good', glyph: 'check' } : { tone: 'quiet', glyph: 'shield' };
}
