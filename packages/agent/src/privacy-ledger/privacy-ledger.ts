import { INTEGER_ORDERS, privacyLoss, type GaussianSteps } from '@noren/privacy';
import { AgentError } from '../agent-error.ts';
import { checkChain, type LedgerAnchor, type LedgerCheck } from '../ledger/chain.ts';
import { ChainedFile } from '../ledger/chained-file.ts';
import { readRecord } from '../ledger/verify.ts';
import { homeLayout } from '../home/layout.ts';
import { StateFile } from '../home/state.ts';
import { spendingSchema, type SpentTree, type Spending } from './spending.ts';

/** What a private round costs its customers. */
export type Cost = Omit<Spending, 'n' | 'previous' | 'at'>;

/**
 * The site's append-only record of what its customers' privacy was spent on. A spending is on disk before the noise is drawn
 * and never taken back: a round that fails afterwards has been paid for, because its noise may have been seen.
 */
export class PrivacyLedger {
  readonly #chain: ChainedFile<Spending>;
  readonly #spent: Spent;
  readonly #now: () => Date;

  private constructor(chain: ChainedFile<Spending>, spent: Spent, now: () => Date) {
    this.#chain = chain;
    this.#spent = spent;
    this.#now = now;
  }

  /** Opens or begins the record, as `ChainedFile.open`. A cut last line was not synced, so no noise was drawn for it. */
  static open(file: string, anchor: LedgerAnchor, now: () => Date = () => new Date()): PrivacyLedger {
    const spent = new Spent();
    const { chain } = ChainedFile.open(file, anchor, {
      holds: "what this site's customers' privacy was spent on",
      parse: (value) => spendingSchema.parse(value),
      onEntry: (entry) => spent.add(entry),
    });
    return new PrivacyLedger(chain, spent, now);
  }

  /** For the accountant. */
  history(asset: string): readonly GaussianSteps[] {
    return this.#spent.history(asset);
  }

  hasPaidFor(plan: string): boolean {
    return this.#spent.plans.has(plan);
  }

  /** What was paid for a tree, and the last of its rounds; null for one that the asset has not been in. */
  paidTree(asset: string, tree: string): PaidTree | null {
    return this.#spent.tree(asset, tree);
  }

  /**
   * On disk when it returns. Throws `budget-spent` for a plan that was paid for before and for a round that its tree has behind it,
   * `ledger-unwritable`.
   */
  spend(cost: Cost): void {
    if (this.hasPaidFor(cost.plan)) {
      throw new AgentError('budget-spent', 'noise was drawn for this plan before; a second time would give it away');
    }
    const { asset, round, plan, mode, noiseMultiplier, samplingRate, tree } = cost;
    const behind = tree === undefined ? null : treeFault(this.paidTree(asset, tree.name), tree, noiseMultiplier);
    if (behind !== null) throw new AgentError('budget-spent', behind);
    const at = this.#now().toISOString();
    const spending = { at, asset, round, plan, mode, noiseMultiplier, samplingRate, ...(tree && { tree }) };
    this.#chain.append(({ n, previous }) => ({ n, ...spending, previous }), true);
    this.#spent.add(cost);
  }

  durableAnchor(): LedgerAnchor {
    return this.#chain.durableAnchor();
  }

  close(): void {
    this.#chain.close();
  }
}

/** Why this site cannot be in a round of a tree that it has been in before; null if it can. */
export function treeFault(
  paid: PaidTree | null,
  { leaf, period, steps }: Omit<SpentTree, 'name'>,
  noiseMultiplier: number,
): string | null {
  if (paid === null) return null;
  if (leaf <= paid.leaf) {
    return `this site has been in round ${paid.leaf} of the plan's tree, whose round ${leaf} is over`;
  }
  if (steps === paid.steps && period === paid.period && noiseMultiplier === paid.noiseMultiplier) return null;
  return "the plan's tree was begun with other noise, or for other rounds";
}

/** Epsilon of a history at `delta`, by Renyi divergences added up over its steps. */
export function epsilonSpent(history: readonly GaussianSteps[], delta: number): number {
  return privacyLoss(history, delta, INTEGER_ORDERS).epsilon;
}

export interface PrivacyLedgerReport {
  readonly check: LedgerCheck;
  readonly histories: ReadonlyMap<string, readonly GaussianSteps[]>;
  /** Private rounds by asset. */
  readonly rounds: ReadonlyMap<string, number>;
}

/** What a home's customers' privacy was spent on, by asset, and whether the record is whole. Works while the agent runs. */
export async function readPrivacyLedger(home: string): Promise<PrivacyLedgerReport> {
  const layout = homeLayout(home);
  // State first: the record only grows, so a later record contains an earlier anchor.
  const state = await StateFile.open(layout.state);
  const spent = new Spent();
  const check = checkChain(
    await readRecord(layout.privacyLedger),
    state.current.privacyLedger,
    (value) => spendingSchema.parse(value),
    (entry) => spent.add(entry),
  );
  return {
    check,
    histories: new Map(spent.assets.map((asset) => [asset, spent.history(asset)])),
    rounds: spent.rounds,
  };
}

/** What was paid for a tree as a whole, and the last of its rounds that was. */
export interface PaidTree {
  readonly leaf: number;
  readonly period: number;
  readonly steps: number;
  readonly noiseMultiplier: number;
}

/** Equal steps are counted together: the accountant's work does not grow with the rounds. */
class Spent {
  readonly plans = new Set<string>();
  readonly rounds = new Map<string, number>();
  readonly #steps = new Map<string, Map<string, GaussianSteps>>();
  readonly #trees = new Map<string, PaidTree>();

  get assets(): string[] {
    return [...this.#steps.keys()];
  }

  add({ asset, plan, noiseMultiplier, samplingRate, tree }: Cost): void {
    this.plans.add(plan);
    this.rounds.set(asset, (this.rounds.get(asset) ?? 0) + 1);
    const begun = tree === undefined ? null : this.tree(asset, tree.name);
    if (tree !== undefined) {
      const { leaf, period, steps } = tree;
      this.#trees.set(`${tree.name} ${asset}`, { leaf, period, steps, noiseMultiplier });
    }
    if (begun === null) this.#count(asset, { noiseMultiplier, samplingRate, steps: tree?.steps ?? 1 });
  }

  #count(asset: string, { noiseMultiplier, samplingRate, steps: more }: GaussianSteps): void {
    const steps = this.#steps.get(asset) ?? new Map<string, GaussianSteps>();
    this.#steps.set(asset, steps);
    const key = `${noiseMultiplier} ${samplingRate}`;
    steps.set(key, { noiseMultiplier, samplingRate, steps: (steps.get(key)?.steps ?? 0) + more });
  }

  history(asset: string): readonly GaussianSteps[] {
    return [...(this.#steps.get(asset)?.values() ?? [])];
  }

  tree(asset: string, name: string): PaidTree | null {
    return this.#trees.get(`${name} ${asset}`) ?? null;
  }
}
