import { createContext, use, useSyncExternalStore } from 'react';

/** Coordinator's clock minus this browser's, in ms: deadlines must not look wrong on a desk whose clock is. */
export const ClockOffset: React.Context<number> = createContext(0);

/** The coordinator's time now, in ms, whole seconds; the component renders again each second. */
export function useNow(): number {
  const offset = use(ClockOffset);
  return useSyncExternalStore(everySecond, wholeSecond) + offset;
}

/** Differences under two seconds are the network's, not the clock's. */
export function clockOffset(coordinatorNow: string, receivedAt: number): number {
  const difference = Date.parse(coordinatorNow) - receivedAt;
  return Math.abs(difference) < 2000 ? 0 : Math.round(difference / 1000) * 1000;
}

function wholeSecond(): number {
  return Math.floor(Date.now() / 1000) * 1000;
}

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | null = null;

function everySecond(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}
