import type { Hash, SiteId } from '@noren/protocol';

import type { Asked } from '../round-log/log-record.ts';
import type { MaskedSum } from './masked-sum.ts';
import type { RoundAction, RoundInput, SumEvidence } from './round-input.ts';
import { advance } from './round-machine.ts';
import type { RoundState, Step } from './round-state.ts';
import { transcriptFor } from './transcripts.ts';

/** Actions that move the masking on. */
type MaskingAction = 'abandon-group' | 'close-keys' | 'close-shares' | 'close-updates' | 'close-confirmations';

/** What an input leads to: the machine's actions, with the sets of sites that the masking fixed instead of its own. */
export type Effect = Exclude<RoundAction, { kind: MaskingAction }> | ({ readonly kind: 'ask' } & Asked);

/**
 * The part of a round that its log determines: the round machine and the masking, moved on by the same inputs whether they
 * happen or are replayed. A masking message goes into `sum` before its input comes here.
 */
export class RoundCourse {
  readonly sum: MaskedSum | null;
  #state: RoundState;
  #evidence: SumEvidence | null = null;

  /** Without `sum` when it has been opened: then nobody needs its parts again. */
  constructor(state: RoundState, sum: MaskedSum | null) {
    this.#state = state;
    this.sum = sum;
  }

  get state(): RoundState {
    return this.#state;
  }

  /** Of the site's group, once the sum is open; null for a site in none. */
  transcriptOf(site: SiteId): Hash | null {
    return transcriptFor(site, this.#state.groups, this.#evidence);
  }

  /** `at`: milliseconds since the epoch. What cannot be closed ends the round, which is an effect like any other. */
  take(input: RoundInput, at: number): readonly Effect[] {
    const { state, actions } = advance(this.#state, input, at);
    this.#state = state;
    if (input.kind === 'opened') this.#evidence = input.evidence;
    const effects: Effect[] = [];
    try {
      for (const action of actions) effects.push(...this.#effectsOf(action));
      return effects;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return [...effects, ...this.take({ kind: 'broken', reason }, at)];
    }
  }

  #effectsOf(action: RoundAction): readonly Effect[] {
    switch (action.kind) {
      case 'abandon-group':
        this.sum?.abandon(action.group, action.reason);
        return [];
      case 'close-keys':
        return [asked('shares', this.sum?.closeKeys())];
      case 'close-shares':
        return [asked('updates', this.sum?.closeShares())];
      case 'close-updates':
        return [asked('confirmations', this.sum?.closeUpdates())];
      case 'close-confirmations':
        return [asked('reveals', this.sum?.closeConfirmations())];
      default:
        return [action];
    }
  }
}

export function askedIn(effects: readonly Effect[]): readonly Asked[] {
  return effects.flatMap((effect) => (effect.kind === 'ask' ? [{ step: effect.step, sites: effect.sites }] : []));
}

/** The masking's site ids are those of the enrolled sites that it was given. */
function asked(step: Step, sites: readonly string[] = []): Effect {
  return { kind: 'ask', step, sites: sites as readonly SiteId[] };
}
