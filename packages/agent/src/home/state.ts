import { readFile } from 'node:fs/promises';
import { strategySchema, type Strategy } from '@noren/protocol/console';
import { z } from 'zod';
import { AgentError } from '../agent-error.ts';
import { LEDGER_GENESIS, type LedgerAnchor } from '../ledger/chain.ts';
import { writeAtomically } from './atomic-file.ts';

export type { Strategy };

/** What is in service at the site. */
export interface ServingState {
  readonly strategy: Strategy;
  readonly roundId: string;
  /** Whether it came of a private round: then nobody is told whether it serves, as that says how customers fared. */
  readonly private: boolean;
  /** The release it was made from; null unless the strategy is `federated` or `blend`. */
  readonly release: string | null;
  /** The backbone whose encoders make its item features. */
  readonly backbone: string;
  /** SHA-256 (hex) of models/serving.safetensors. */
  readonly model: string;
}

/** What the gate decided for a candidate the federation has not yet decided about. */
export interface PendingState {
  readonly roundId: string;
  readonly candidate: string;
  readonly backbone: string;
  readonly private: boolean;
  /** In service if the candidate becomes a release. */
  readonly accepted: { readonly strategy: Strategy; readonly model: string } | null;
  /** In service if it does not; null keeps what is there. */
  readonly rejected: { readonly strategy: Strategy; readonly model: string } | null;
}

/** How far the site went in a round. From `keys` on it has key material out and must never begin the round again. */
export type ParticipationStage = 'seen' | 'keys' | 'shared' | 'masked' | 'confirmed' | 'revealed' | 'finished';

/** The roster a site has last acted on. */
export interface SeenRoster {
  readonly epoch: number;
  readonly hash: string;
}

/** A test of the no-harm gate: when (ISO 8601), in which round, of which model (SHA-256 of its file, hex). */
export interface GateTest {
  readonly at: string;
  readonly round: number;
  readonly model: string;
}

/** All that must survive a crash. Everything else in the home is a cache, an identity or a record. */
export interface AgentState {
  readonly version: 1;
  /** The newest plan with a good signature, whatever the policy said to it. */
  readonly lastPlan: {
    readonly round: number;
    readonly roundId: string;
    readonly hash: string;
    readonly stage: ParticipationStage;
  } | null;
  readonly serving: ServingState | null;
  readonly pending: PendingState | null;
  /** When the site joined its rounds of the last 24 hours, ISO 8601; for the policy's limit. */
  readonly joined: readonly string[];
  /** The no-harm gate's tests of the last 365 days, oldest first: each makes the next one harder. */
  readonly gateTests: readonly GateTest[];
  /** The newest roster of the registrar that this site has acted on. */
  readonly roster: SeenRoster | null;
  /** The ledger's length and head when this was written: a ledger cut back behind it shows. */
  readonly ledger: LedgerAnchor;
  /** The same of the privacy ledger: cut back, it would let a budget be spent twice. */
  readonly privacyLedger: LedgerAnchor;
}

export const initialState: AgentState = {
  version: 1,
  lastPlan: null,
  serving: null,
  pending: null,
  joined: [],
  gateTests: [],
  roster: null,
  ledger: { entries: 0, head: LEDGER_GENESIS },
  privacyLedger: { entries: 0, head: LEDGER_GENESIS },
};

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const roundId = z.string().min(1).max(128);
const anchor = z.strictObject({ entries: z.int().min(0), head: hash });
const choice = z.strictObject({ strategy: strategySchema, model: hash }).nullable();

const stateSchema: z.ZodType<AgentState, unknown> = z.strictObject({
  version: z.literal(1),
  lastPlan: z
    .strictObject({
      round: z.int().min(0),
      roundId,
      hash,
      stage: z.enum(['seen', 'keys', 'shared', 'masked', 'confirmed', 'revealed', 'finished']),
    })
    .nullable(),
  serving: z
    .strictObject({
      strategy: strategySchema,
      roundId,
      private: z.boolean().default(false),
      release: hash.nullable(),
      backbone: hash,
      model: hash,
    })
    .nullable(),
  pending: z
    .strictObject({
      roundId,
      candidate: hash,
      backbone: hash,
      private: z.boolean().default(false),
      accepted: choice,
      rejected: choice,
    })
    .nullable(),
  joined: z.array(z.iso.datetime()).default([]),
  gateTests: z.array(z.strictObject({ at: z.iso.datetime(), round: z.int().min(1), model: hash })).default([]),
  roster: z
    .strictObject({ epoch: z.int().min(1), hash })
    .nullable()
    .default(null),
  ledger: anchor,
  privacyLedger: anchor.default(initialState.privacyLedger),
});

/** The one owner of state.json. Changes are written one after another; `update` resolves when its change is on disk. */
export class StateFile {
  readonly #file: string;
  #state: AgentState;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, state: AgentState) {
    this.#file = file;
    this.#state = state;
  }

  /** Throws `state-invalid` when the file is there but damaged: guessing could make the site mask a round twice. */
  static async open(file: string): Promise<StateFile> {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return new StateFile(file, initialState);
    }
    try {
      return new StateFile(file, stateSchema.parse(JSON.parse(text)));
    } catch (error) {
      throw new AgentError(
        'state-invalid',
        `${file} is damaged. Restore it from a backup; without it the site cannot tell which rounds it took part in.`,
        error,
      );
    }
  }

  get current(): AgentState {
    return this.#state;
  }

  /** Readers see the change at once; whoever must not act before it is durable awaits the promise. */
  async update(change: (state: AgentState) => AgentState): Promise<void> {
    this.#state = change(this.#state);
    const content = `${JSON.stringify(this.#state, null, 2)}\n`;
    const write = this.#writing.then(() => writeAtomically(this.#file, content));
    // A failed write must fail its own caller only; the next one writes the whole state anyway.
    this.#writing = write.catch(() => undefined);
    await write;
  }
}
