import { useEffect, useState } from 'react';

export type Liveness = 'connecting' | 'live' | 'reconnecting';

const EVENTS_ADDRESS = '/api/events';
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15_000;

/**
 * Listens to the coordinator's event stream as long as the component lives. `onChange` is called for every event and
 * whenever the stream opens, because something may have happened while it was closed. It must not change between renders.
 */
export function useLiveEvents(onChange: () => void): Liveness {
  const [liveness, setLiveness] = useState<Liveness>('connecting');
  useEffect(() => listen(onChange, setLiveness), [onChange]);
  return liveness;
}

function listen(onChange: () => void, onLiveness: (liveness: Liveness) => void): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;

  function open(): void {
    source = new EventSource(EVENTS_ADDRESS);
    source.addEventListener('open', () => {
      failures = 0;
      onLiveness('live');
      onChange();
    });
    source.addEventListener('changed', onChange);
    source.addEventListener('error', () => {
      onLiveness('reconnecting');
      // The browser retries a broken stream by itself, but gives up for good after an answer that is no stream.
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, retryDelay(failures, Math.random()));
      failures += 1;
    });
  }

  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

/** Doubles from one second to fifteen; `chance` in [0, 1) spreads many open pages over the second half of the wait. */
export function retryDelay(failures: number, chance: number): number {
  const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
  return wait * (0.5 + chance / 2);
}
