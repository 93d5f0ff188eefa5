import { CoordinatorError } from '../coordinator-error.ts';
import type { EventBody, FederationEvent } from '../federation/federation-event.ts';
import { EMPTY_FEDERATION, foldEvent } from '../federation/federation-state.ts';
import type { FederationState } from '../federation/federation-state.ts';
import type { EventStore } from './event-store.ts';

/** Events read at once on replay. */
const PAGE = 1000;

/** What a change decides on the state it sees: events to append, and an answer for the caller. */
export interface Decision<T> {
  readonly events: readonly EventBody[];
  readonly result: T;
}

/**
 * The log and its fold, kept together. Changes run one at a time: each sees the state that all earlier ones left, and
 * resolves when its events are on disk, folded and announced. After a failed write nothing more is written.
 */
export class Journal {
  readonly #store: EventStore;
  readonly #now: () => number;
  readonly #listeners = new Set<(event: FederationEvent) => void>();
  #state: FederationState = EMPTY_FEDERATION;
  #queue: Promise<unknown> = Promise.resolve();
  #broken: CoordinatorError | null = null;
  #fail: (error: CoordinatorError) => void = () => undefined;
  /** Resolves when a write fails: the process can promise nothing any more and must stop. */
  readonly failure: Promise<CoordinatorError> = new Promise((resolve) => {
    this.#fail = resolve;
  });

  private constructor(store: EventStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  static async open(store: EventStore, now: () => number): Promise<Journal> {
    const journal = new Journal(store, now);
    for (;;) {
      const events = await store.read(journal.#state.sequence, PAGE);
      for (const event of events) journal.#state = foldEvent(journal.#state, event);
      if (events.length < PAGE) return journal;
    }
  }

  get state(): FederationState {
    return this.#state;
  }

  /** Null while writes succeed. */
  get broken(): CoordinatorError | null {
    return this.#broken;
  }

  /** Called after each event is durable and folded. Listeners must not throw. Returns the way to stop listening. */
  subscribe(listener: (event: FederationEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  append(...events: EventBody[]): Promise<void> {
    return this.change(() => ({ events, result: undefined }));
  }

  /** Whatever `decide` throws goes to the caller and changes nothing. */
  change<T>(decide: (state: FederationState) => Decision<T> | Promise<Decision<T>>): Promise<T> {
    const turn = this.#queue.then(async () => {
      if (this.#broken !== null) throw this.#broken;
      const { events, result } = await decide(this.#state);
      await this.#write(events);
      return result;
    });
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  read(after: number, limit: number): Promise<readonly FederationEvent[]> {
    return this.#store.read(after, limit);
  }

  readRound(number: number): Promise<readonly FederationEvent[]> {
    return this.#store.readRound(number);
  }

  /** Waits for the changes under way, then closes the store. */
  async close(): Promise<void> {
    await this.#queue;
    this.#broken ??= new CoordinatorError('store-failed', 'The coordinator has stopped.');
    await this.#store.close();
  }

  async #write(bodies: readonly EventBody[]): Promise<void> {
    let events: readonly FederationEvent[];
    try {
      events = await this.#store.append(bodies, this.#now());
    } catch (cause) {
      const message = `Could not write the event log: ${String(cause)}`;
      this.#broken =
        cause instanceof CoordinatorError ? cause : new CoordinatorError('store-failed', message, { cause });
      this.#fail(this.#broken);
      throw this.#broken;
    }
    for (const event of events) this.#state = foldEvent(this.#state, event);
    for (const event of events) for (const listener of this.#listeners) listener(event);
  }
}
