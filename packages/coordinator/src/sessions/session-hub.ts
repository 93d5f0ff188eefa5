import { ProtocolError } from '@noren/protocol';
import type { ActivityName, CoordinatorMessage, Hash, RoundId, SessionHandle } from '@noren/protocol';
import type { SessionListener, SiteId, SiteMessage } from '@noren/protocol';

import type { Clock } from '../clock.ts';

/** Sent to every site; one that is silent for three of these is taken for lost. */
export const HEARTBEAT_SECONDS = 15;
const SILENCE_LIMIT = 3 * HEARTBEAT_SECONDS * 1000;

export interface SessionHooks {
  readonly clock: Clock;
  readonly federation: () => string;
  connected(site: SiteId): void;
  disconnected(site: SiteId): void;
  /** Everything but hello, heartbeats and progress. */
  message(site: SiteId, message: SiteMessage): void;
  /** The presence of some site changed. */
  noted(): void;
}

/** What is known of a site from its session only; never stored. */
export interface Presence {
  readonly connected: boolean;
  /** Milliseconds since the epoch. */
  readonly lastSeenAt: number | null;
  readonly releaseHash: Hash | null;
  readonly activity: { readonly roundId: RoundId; readonly kind: ActivityName; readonly fraction: number } | null;
}

const ABSENT: Presence = { connected: false, lastSeenAt: null, releaseHash: null, activity: null };

/** The sites' sessions: one for each site, the newest; who is there, and since when it has been silent. */
export class SessionHub {
  readonly #hooks: SessionHooks;
  readonly #presence = new Map<SiteId, Presence>();
  readonly #open = new Map<SiteId, SessionHandle>();
  #cancelSweep: (() => void) | null = null;

  constructor(hooks: SessionHooks) {
    this.#hooks = hooks;
  }

  run(): void {
    const { clock } = this.#hooks;
    const sweep = (): void => {
      const limit = clock.now() - SILENCE_LIMIT;
      for (const [site, handle] of this.#open) {
        if ((this.presence(site).lastSeenAt ?? 0) < limit) handle.end('no sign of life for too long');
      }
      this.#cancelSweep = clock.after(HEARTBEAT_SECONDS * 1000, sweep);
    };
    this.#cancelSweep = clock.after(HEARTBEAT_SECONDS * 1000, sweep);
  }

  /** Ends every session. */
  stop(reason: string): void {
    this.#cancelSweep?.();
    for (const handle of this.#open.values()) handle.end(reason);
  }

  get connected(): readonly SiteId[] {
    return [...this.#open.keys()];
  }

  presence(site: SiteId): Presence {
    return this.#presence.get(site) ?? ABSENT;
  }

  /** Does nothing when the site is not connected: whoever waits for an answer has a deadline. */
  send(site: SiteId, message: CoordinatorMessage): void {
    this.#open.get(site)?.send(message);
  }

  end(site: SiteId, reason: string): void {
    this.#open.get(site)?.end(reason);
  }

  /** A new session; it counts as connected from its hello on. */
  accept(handle: SessionHandle): SessionListener {
    const site = handle.peer.siteId;
    let greeted = false;
    return {
      message: (message) => {
        if (greeted) return this.#receive(site, message);
        if (message.kind !== 'hello') throw new ProtocolError('wrong-state', 'A session begins with hello.');
        greeted = true;
        this.#greet(handle, message.releaseHash);
      },
      closed: () => {
        if (this.#open.get(site) !== handle) return;
        this.#open.delete(site);
        this.#note(site, { connected: false, activity: null });
        this.#hooks.disconnected(site);
      },
    };
  }

  #greet(handle: SessionHandle, releaseHash: Hash | null): void {
    const site = handle.peer.siteId;
    const older = this.#open.get(site);
    this.#open.set(site, handle);
    older?.end('replaced by a newer session of the same site');
    this.#note(site, { connected: true, releaseHash, lastSeenAt: this.#hooks.clock.now() });
    handle.send({ kind: 'welcome', federation: this.#hooks.federation(), heartbeatSeconds: HEARTBEAT_SECONDS });
    this.#hooks.connected(site);
  }

  #receive(site: SiteId, message: SiteMessage): void {
    this.#presence.set(site, { ...this.presence(site), lastSeenAt: this.#hooks.clock.now() });
    switch (message.kind) {
      case 'heartbeat':
        return;
      case 'hello':
        return this.#note(site, { releaseHash: message.releaseHash });
      case 'progress': {
        const { roundId, activity: kind, fraction } = message;
        return this.#note(site, { activity: { roundId, kind, fraction } });
      }
      default:
        return this.#hooks.message(site, message);
    }
  }

  /** A site that finished a round's work rests until it says otherwise. */
  rest(roundId: RoundId): void {
    for (const [site, { activity }] of this.#presence) {
      if (activity?.roundId === roundId) this.#note(site, { activity: null });
    }
  }

  #note(site: SiteId, change: Partial<Presence>): void {
    this.#presence.set(site, { ...this.presence(site), ...change });
    this.#hooks.noted();
  }
}
