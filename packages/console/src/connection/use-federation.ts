import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';

import { coalesce } from './coalesce.ts';
import { fetchFederation } from './federation-query.ts';
import type { ConsoleError, Received } from './federation-query.ts';
import { useLiveEvents } from './live-events.ts';
import type { Liveness } from './live-events.ts';

const QUERY_KEY = ['federation'];
/** While the event stream is down the page asks by itself; while it is up, rarely, in case a proxy swallows events. */
const POLL_MS = 3000;
const LIVE_POLL_MS = 60_000;

export interface FederationState {
  /** The last view that came, also while the coordinator is away. */
  readonly received: Received | undefined;
  readonly error: ConsoleError | null;
  readonly liveness: Liveness;
}

export function useFederation(): FederationState {
  const client = useQueryClient();
  // A poll that is under way when an event arrives may have read the state before it: refetching cancels that one.
  const refresh = useMemo(() => coalesce(() => client.refetchQueries({ queryKey: QUERY_KEY })), [client]);
  const liveness = useLiveEvents(refresh);
  const query = useQuery<Received, ConsoleError>({
    queryKey: QUERY_KEY,
    queryFn: ({ signal }) => fetchFederation(signal),
    refetchInterval: ({ state }) => (liveness === 'live' && state.error === null ? LIVE_POLL_MS : POLL_MS),
    refetchOnWindowFocus: true,
    networkMode: 'always',
    retry: false,
  });
  // A stream that is open while the view does not come is no live page.
  const alive = query.error === null ? liveness : 'reconnecting';
  return { received: query.data, error: query.error, liveness: alive };
}
