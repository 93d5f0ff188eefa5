import { TensorError } from '../error.ts';

/**
 * What every compiled thing goes through: empty until values are loaded, then ready, busy while one piece of work runs,
 * disposed in the end. Whatever is called out of turn is refused by name.
 */
export class Lifecycle {
  readonly #thing: string;
  readonly #work: string;
  #condition: 'empty' | 'ready' | 'busy' | 'disposed' = 'empty';

  /** In words: what it is ("training") and what one piece of its work is ("step"). */
  constructor(thing: string, work: string) {
    this.#thing = thing;
    this.#work = work;
  }

  /** Between pieces of work, loaded or not. Throws TensorError `busy` or `disposed`. */
  mustBeIdle(): void {
    if (this.#condition === 'disposed') throw new TensorError('disposed', `This ${this.#thing} was disposed.`);
    if (this.#condition === 'busy') {
      throw new TensorError('busy', `A ${this.#work} has not ended; await it first.`);
    }
  }

  /** Idle and loaded. Throws also TensorError `not-loaded`. */
  mustBeReady(): void {
    this.mustBeIdle();
    if (this.#condition === 'empty') {
      throw new TensorError('not-loaded', `Call load() before the first ${this.#work}.`);
    }
  }

  loaded(): void {
    this.#condition = 'ready';
  }

  /** Runs one piece of work, alone. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.mustBeReady();
    this.#condition = 'busy';
    try {
      return await work();
    } finally {
      this.#condition = 'ready';
    }
  }

  /** Frees what `release` frees, once. */
  async dispose(release: () => Promise<void>): Promise<void> {
    if (this.#condition === 'disposed') return;
    this.mustBeIdle();
    this.#condition = 'disposed';
    await release();
  }
}
