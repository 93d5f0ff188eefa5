import type { EventBody, FederationEvent } from '../federation/federation-event.ts';

/**
 * The append-only log. One process at a time: opening a log that is open elsewhere throws CoordinatorError `home-in-use`.
 * Everything else that goes wrong is CoordinatorError `store-failed` or, if somebody else has written, `store-conflict`.
 */
export interface EventStore {
  /** Writes the events as one transaction, on disk when it resolves. They follow the last event without a gap. */
  append(bodies: readonly EventBody[], at: number): Promise<readonly FederationEvent[]>;
  /** Events with a sequence above `after`, ascending, at most `limit`. */
  read(after: number, limit: number): Promise<readonly FederationEvent[]>;
  /** All events of the round with this number, ascending. */
  readRound(number: number): Promise<readonly FederationEvent[]>;
  close(): Promise<void>;
}
