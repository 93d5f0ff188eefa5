/** Time as the coordinator knows it; tests and simulations hand in their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `action` once after `milliseconds`; the result cancels it. */
  after(milliseconds: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, action) => {
    // The servers keep the process alive; a deadline alone must not.
    const timer = setTimeout(action, Math.max(0, milliseconds)).unref();
    return () => clearTimeout(timer);
  },
};
