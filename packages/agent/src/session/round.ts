import type { ConsistencyRequest, KeyRoster, RevealRequest, ShareDelivery } from '@noren/secure-aggregation';

/**
 * Where the site stands in a round.
 *
 * - `considering`: the plan's signature is good; data and policy decide about it
 * - `keys`: accepted, the round's keys are out, the roster is awaited
 * - `sharing`: shares are out (or being made), the delivery is awaited
 * - `relearning`: the set of masking sites is fixed; training runs
 * - `masked`: the masked update is on its way or there
 * - `confirmed`: the site has signed who survived
 * - `revealed`: the shares that unmask the sum are out
 * - `evaluating`: the candidate is being compared with what the site has
 * - `reported`: the gate has decided, the federation's decision is awaited
 * - `bystander`: the site contributes nothing (more) to this round but can still judge its candidate
 */
export type RoundPhase =
  | 'considering'
  | 'keys'
  | 'sharing'
  | 'relearning'
  | 'masked'
  | 'confirmed'
  | 'revealed'
  | 'evaluating'
  | 'reported'
  | 'bystander';

export type RoundState = { readonly phase: 'idle' } | { readonly phase: RoundPhase; readonly roundId: string };

export type Outcome = 'accepted' | 'rejected' | 'failed';

export interface RoundClosing {
  readonly outcome: Outcome;
  readonly reason: string;
  /** The release in force after the round, SHA-256 (hex); empty when there is none. */
  readonly releaseHash: string;
  /** Of what the site's group's sum rests on; null where there is no sum, or the site is in no group. */
  readonly transcriptHash: string | null;
}

export type RoundEvent = { readonly roundId: string } & (
  | { readonly kind: 'offer' }
  | { readonly kind: 'judged'; readonly accepted: boolean; readonly reason: string }
  | { readonly kind: 'roster'; readonly roster: KeyRoster }
  | { readonly kind: 'delivery'; readonly delivery: ShareDelivery }
  | { readonly kind: 'relearned' }
  | { readonly kind: 'consistencyRequest'; readonly request: ConsistencyRequest }
  | { readonly kind: 'revealRequest'; readonly request: RevealRequest }
  | { readonly kind: 'candidate'; readonly hash: string; readonly transcript: string | null }
  | { readonly kind: 'evaluated' }
  | { readonly kind: 'closed'; readonly closing: RoundClosing }
  | { readonly kind: 'failed'; readonly reason: string }
);

/** What the session must do, in this order, after an event. */
export type RoundAction =
  | { readonly do: 'judge' }
  | { readonly do: 'refuse'; readonly reason: string }
  | { readonly do: 'join' }
  | { readonly do: 'share'; readonly roster: KeyRoster }
  | { readonly do: 'relearn'; readonly delivery: ShareDelivery }
  | { readonly do: 'upload' }
  | { readonly do: 'confirm'; readonly request: ConsistencyRequest }
  | { readonly do: 'reveal'; readonly request: RevealRequest }
  | { readonly do: 'evaluate'; readonly candidate: string; readonly transcript: string | null }
  | { readonly do: 'report' }
  | { readonly do: 'withdraw'; readonly reason: string }
  /** Stop contributing: end re-learning and upload, forget the round's secrets. */
  | { readonly do: 'forget' }
  /** The round is over for this site: stop everything that runs for it. */
  | { readonly do: 'drop'; readonly roundId: string }
  | { readonly do: 'settle'; readonly closing: RoundClosing }
  | { readonly do: 'ignore'; readonly why: string };

export interface RoundStep {
  readonly state: RoundState;
  readonly actions: readonly RoundAction[];
}

/**
 * The site's side of a round as a pure function. A lost connection is no event: the round goes on where the next
 * message fits and otherwise ends by the coordinator's word or the next offer; nothing is ever masked again.
 */
export function nextRound(state: RoundState, event: RoundEvent): RoundStep {
  if (event.kind === 'offer') return offer(state, event.roundId);
  if (state.phase === 'idle') return ignored(state, `${event.kind} of round ${event.roundId}, but no round is running`);
  if (event.roundId !== state.roundId) {
    return ignored(state, `${event.kind} of round ${event.roundId} during round ${state.roundId}`);
  }
  const to = (phase: RoundPhase, ...actions: RoundAction[]): RoundStep => ({
    state: { phase, roundId: event.roundId },
    actions,
  });
  const { phase } = state;
  if (phase === 'bystander' && NEEDS_SECRETS.has(event.kind)) {
    // Said at once: otherwise the others would wait for this site until the deadline.
    return { state, actions: [{ do: 'withdraw', reason: 'this site no longer holds its secrets of this round' }] };
  }
  switch (event.kind) {
    case 'judged':
      if (phase !== 'considering') break;
      return event.accepted
        ? to('keys', { do: 'join' })
        : { state: { phase: 'idle' }, actions: [{ do: 'refuse', reason: event.reason }] };
    case 'roster':
      if (phase !== 'keys') break;
      return to('sharing', { do: 'share', roster: event.roster });
    case 'delivery':
      if (phase !== 'sharing') break;
      return to('relearning', { do: 'relearn', delivery: event.delivery });
    case 'relearned':
      if (phase !== 'relearning') break;
      return to('masked', { do: 'upload' });
    case 'consistencyRequest':
      if (phase !== 'masked') break;
      return to('confirmed', { do: 'confirm', request: event.request });
    case 'revealRequest':
      // Also from a site that did not sign in time: a threshold of the others has.
      if (phase !== 'masked' && phase !== 'confirmed') break;
      return to('revealed', { do: 'reveal', request: event.request });
    case 'candidate':
      return candidate(state, event, to);
    case 'evaluated':
      if (phase !== 'evaluating') break;
      return to('reported', { do: 'report' });
    case 'closed':
      return {
        state: { phase: 'idle' },
        actions: [
          { do: 'drop', roundId: event.roundId },
          { do: 'settle', closing: event.closing },
        ],
      };
    case 'failed':
      if (phase === 'bystander' || phase === 'reported') break;
      if (phase === 'considering')
        return { state: { phase: 'idle' }, actions: [{ do: 'refuse', reason: event.reason }] };
      return to('bystander', { do: 'forget' }, { do: 'withdraw', reason: event.reason });
  }
  return ignored(state, `${event.kind} does not fit the site's phase (${phase})`);
}

/** What only a site can answer that holds the round's secrets. */
const NEEDS_SECRETS: ReadonlySet<RoundEvent['kind']> = new Set([
  'roster',
  'delivery',
  'consistencyRequest',
  'revealRequest',
]);

function offer(state: RoundState, roundId: string): RoundStep {
  const begin: RoundStep = { state: { phase: 'considering', roundId }, actions: [{ do: 'judge' }] };
  if (state.phase === 'idle') return begin;
  if (state.roundId !== roundId) {
    return { state: begin.state, actions: [{ do: 'drop', roundId: state.roundId }, ...begin.actions] };
  }
  if (state.phase === 'bystander') {
    // Its keys are out, and keys serve one vector only (design attack 8): it must not begin this round again.
    return { state, actions: [{ do: 'refuse', reason: 'this site has already left this round' }] };
  }
  return ignored(state, 'the round is offered again while the site takes part in it');
}

function candidate(
  state: { readonly phase: RoundPhase; readonly roundId: string },
  { hash, transcript }: { readonly hash: string; readonly transcript: string | null },
  to: (phase: RoundPhase, ...actions: RoundAction[]) => RoundStep,
): RoundStep {
  switch (state.phase) {
    case 'considering':
    case 'evaluating':
    case 'reported':
      return ignored(state, `a candidate is announced in phase ${state.phase}`);
    default:
      // A site that was too slow, or was not asked to reveal, judges the candidate like every other.
      return to('evaluating', { do: 'forget' }, { do: 'evaluate', candidate: hash, transcript });
  }
}

function ignored(state: RoundState, why: string): RoundStep {
  return { state, actions: [{ do: 'ignore', why }] };
}
