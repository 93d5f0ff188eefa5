import { CoordinatorRound, type CoordinatorRoundOptions } from '../protocol/coordinator-round.ts';
import { SiteRound, type SiteRoundOptions } from '../protocol/site-round.ts';
import type { ResumableStep } from '../protocol/site-state-codec.ts';

/** A coordinator whose log is all that outlives it: what was done, in its order, made again from nothing. */
export class MortalCoordinator {
  readonly #options: CoordinatorRoundOptions;
  readonly #diesAfter: ReadonlySet<number>;
  readonly #log: ((round: CoordinatorRound) => unknown)[] = [];
  #round: CoordinatorRound;
  deaths = 0;

  /** @param diesAfter lengths of the log at which the coordinator is lost */
  constructor(options: CoordinatorRoundOptions, diesAfter: Iterable<number>) {
    this.#options = options;
    this.#diesAfter = new Set(diesAfter);
    this.#round = CoordinatorRound.begin(options);
  }

  /** As it is now: what is read must not be kept over a `record`. */
  get round(): CoordinatorRound {
    return this.#round;
  }

  /** Does something that changes the round; what throws changes nothing and is not in the log. */
  async record<Result>(act: (round: CoordinatorRound) => Result | Promise<Result>): Promise<Result> {
    const result = await act(this.#round);
    this.#log.push(act);
    if (this.#diesAfter.has(this.#log.length)) await this.#restart();
    return result;
  }

  async #restart(): Promise<void> {
    this.deaths += 1;
    this.#round = CoordinatorRound.begin(this.#options);
    for (const act of this.#log) await act(this.#round);
  }
}

/** A site that is lost after the steps it is told, and goes on from what it exported. */
export class MortalSite {
  readonly #options: SiteRoundOptions;
  readonly #diesAfter: ReadonlySet<ResumableStep>;
  #round: SiteRound;
  deaths = 0;

  constructor(options: SiteRoundOptions, diesAfter: Iterable<ResumableStep>) {
    this.#options = options;
    this.#diesAfter = new Set(diesAfter);
    this.#round = SiteRound.begin(options);
  }

  get siteId(): string {
    return this.#options.siteId;
  }

  /** Takes the step; if the site dies after it, the next one is taken by its successor. */
  async take<Result>(step: ResumableStep, act: (round: SiteRound) => Result | Promise<Result>): Promise<Result> {
    const result = await act(this.#round);
    if (this.#diesAfter.has(step)) {
      this.deaths += 1;
      this.#round = SiteRound.resume(this.#options, this.#round.export(), step);
    }
    return result;
  }
}
