/** Where the agent's connection to its coordinator stands. Times are seconds. */
export type ConnectionState =
  | { readonly kind: 'connecting'; readonly failures: number }
  | { readonly kind: 'connected'; readonly failures: number }
  | { readonly kind: 'waiting'; readonly failures: number; readonly delay: number }
  | { readonly kind: 'stopped' };

export type ConnectionEvent =
  /** The coordinator has greeted. A stream that merely opened may still be refused. */
  | { readonly kind: 'welcomed' }
  | { readonly kind: 'steady' }
  /** `refused`: the coordinator answered and does not want this site; coming back soon will not change that. */
  | { readonly kind: 'lost'; readonly refused?: boolean }
  | { readonly kind: 'waited' }
  | { readonly kind: 'stop' };

export interface ReconnectLimits {
  readonly firstDelay: number;
  readonly longestDelay: number;
}

export const beforeFirstConnection: ConnectionState = { kind: 'connecting', failures: 0 };

/**
 * The next state. A lost connection waits min(longest, first * 2^failures), half of it drawn by `random` in [0, 1):
 * after an outage thousands of sites must not come back in the same second. Failures are forgotten only when
 * a connection has proved steady, so a coordinator that greets and hangs up is not hammered.
 */
export function nextConnection(
  state: ConnectionState,
  event: ConnectionEvent,
  limits: ReconnectLimits,
  random: () => number,
): ConnectionState {
  if (state.kind === 'stopped' || event.kind === 'stop') return { kind: 'stopped' };
  switch (event.kind) {
    case 'welcomed':
      return state.kind === 'connecting' ? { kind: 'connected', failures: state.failures } : state;
    case 'steady':
      return state.kind === 'connected' ? { kind: 'connected', failures: 0 } : state;
    case 'waited':
      return state.kind === 'waiting' ? { kind: 'connecting', failures: state.failures } : state;
    default:
      return state.kind === 'waiting' ? state : lost(state.failures, event.refused === true, limits, random);
  }
}

function lost(failures: number, refused: boolean, limits: ReconnectLimits, random: () => number): ConnectionState {
  // 2^30 s is far beyond any longest delay; without the cap the power would overflow after weeks offline.
  const doublings = refused ? 30 : Math.min(failures, 30);
  const full = Math.min(limits.longestDelay, limits.firstDelay * 2 ** doublings);
  return { kind: 'waiting', failures: failures + 1, delay: full / 2 + (full / 2) * random() };
}
