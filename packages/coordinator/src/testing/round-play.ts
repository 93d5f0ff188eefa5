import { parseHash, parseRoundId, parseSiteId } from '@noren/protocol';
import type { EvaluationReport, Hash, SiteId } from '@noren/protocol';

import { advance, plannedRound } from '../round/round-machine.ts';
import type { RoundAction, RoundInput, SumEvidence } from '../round/round-input.ts';
import { effectiveDeadline } from '../round/round-state.ts';
import type { RoundRules, RoundState, Step } from '../round/round-state.ts';

export const SITES: readonly SiteId[] = ['akita', 'beppu', 'chiba', 'date', 'ebina'].map(parseSiteId);
export const [akita, beppu, chiba, date, ebina] = SITES as [SiteId, SiteId, SiteId, SiteId, SiteId];
const SECOND = 1000;
const rules: RoundRules = {
  grouping: { seed: new Uint8Array(32), round: 7, groupSize: null, registered: null },
  minimumSites: 3,
  minimumSurvivors: 0,
  minimumGroups: 1,
  quorum: 0.6,
  deadlines: {
    recruiting: 60 * SECOND,
    keys: 30 * SECOND,
    relearning: 3600 * SECOND,
    unmasking: 60 * SECOND,
    evaluating: 600 * SECOND,
  },
  gate: { confidence: 0.95, margin: 0.001 },
  weightCap: 1000,
  silentEvaluation: false,
  survey: false,
};
const roundId = parseRoundId('7-00000000');
export const hash: Hash = parseHash('ab'.repeat(32));
export const evidence: SumEvidence = { sum: hash, weight: 2, clipped: 0, norm: 1, bytesUp: 100 };

export function report(differenceMean: number, customers = 100): EvaluationReport {
  return {
    roundId,
    candidateHash: hash,
    customers,
    chosen: 'federated',
    adopted: true,
    explanation: '',
    scores: [],
    differenceMean,
    differenceStandardError: 0.001,
  };
}

const ANSWERS: Readonly<Record<Step, (site: SiteId) => RoundInput>> = {
  replies: (site) => ({ kind: 'accepted', site }),
  advertisements: (site) => ({ kind: 'advertised', site }),
  shares: (site) => ({ kind: 'shared', site }),
  updates: (site) => ({ kind: 'uploaded', site }),
  confirmations: (site) => ({ kind: 'confirmed', site }),
  reveals: (site) => ({ kind: 'revealed', site }),
  opening: () => ({ kind: 'opened', evidence }),
  candidate: () => ({ kind: 'candidate', hash, moments: null }),
  reports: (site) => ({ kind: 'reported', site, report: report(0.01) }),
};

/** What the step waits for of this site, or of the coordinator itself. */
export function answerTo(step: Step, site: SiteId): RoundInput {
  return ANSWERS[step](site);
}

/** A round that is driven by hand, with everything it asked for. */
export class Play {
  state: RoundState;
  readonly actions: RoundAction[] = [];
  at = 1_000_000;

  constructor(connected: readonly SiteId[] = SITES, change: Partial<RoundRules> = {}) {
    this.state = plannedRound({ id: roundId, number: 7, rules: { ...rules, ...change } });
    this.take({ kind: 'start', connected });
  }

  take(input: RoundInput): this {
    const { state, actions } = advance(this.state, input, this.at);
    this.state = state;
    this.actions.push(...actions);
    return this;
  }

  all(
    kind: 'accepted' | 'advertised' | 'shared' | 'uploading' | 'uploaded' | 'confirmed' | 'revealed',
    sites = SITES,
  ): this {
    for (const site of sites) this.take({ kind, site });
    return this;
  }

  deadline(): this {
    this.at = effectiveDeadline(this.state) ?? this.at;
    return this.take({ kind: 'tick' });
  }

  /** Through recruiting and the key exchange, to relearning. */
  relearning(sites = SITES): this {
    return this.all('accepted', sites).all('advertised', sites).all('shared', sites);
  }

  evaluating(sites = SITES): this {
    return this.relearning(sites)
      .all('uploading', sites)
      .all('uploaded', sites)
      .all('confirmed', sites)
      .all('revealed', sites)
      .take({ kind: 'opened', evidence })
      .take({ kind: 'candidate', hash, moments: null });
  }

  did(kind: RoundAction['kind']): RoundAction[] {
    return this.actions.filter((action) => action.kind === kind);
  }

  facts(kind: string): unknown[] {
    return this.actions.flatMap((action) =>
      action.kind === 'record' && action.fact.kind === kind ? [action.fact] : [],
    );
  }

  get end(): unknown {
    return this.did('close')[0];
  }
}
