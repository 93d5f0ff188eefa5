import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import type { RoundPlan } from '@noren/protocol';
import type { AgentParts } from '../agent-parts.ts';
import { syncFolder, writeAtomically } from '../home/atomic-file.ts';
import type { PendingState, ServingState } from '../home/state.ts';
import { sha256 } from '../ledger/chain.ts';
import type { Evaluation, ServingModel } from '../relearning/trainer.ts';

/**
 * Keeps what the gate decided until the federation has decided too, then puts the right model into service. A candidate
 * the federation rejects never serves, whatever this site's gate said; a candidate this gate rejects never serves here.
 */
export class Adoption {
  readonly #parts: AgentParts;

  constructor(parts: AgentParts) {
    this.#parts = parts;
  }

  /** Writes both possible models, then remembers them. */
  async keep({ roundId, backbone, privacy }: RoundPlan, candidate: string, evaluation: Evaluation): Promise<void> {
    const { layout, memory } = this.#parts;
    const round = layout.round(roundId);
    const pending: PendingState = {
      roundId,
      candidate,
      backbone,
      private: privacy != null,
      accepted: await this.#keepModel(round.candidate, evaluation.accepted),
      rejected: await this.#keepModel(round.fallback, evaluation.rejected),
    };
    await memory.update((state) => ({ ...state, pending }));
  }

  /** Ends what is pending for a round; does nothing when nothing is. */
  async settle(roundId: string, accepted: boolean): Promise<void> {
    const { layout, memory, log } = this.#parts;
    const { pending } = memory.current;
    if (pending === null || pending.roundId !== roundId) return;
    const choice = accepted ? pending.accepted : pending.rejected;
    const round = layout.round(roundId);
    if (choice !== null) {
      await mkdir(layout.models, { recursive: true, mode: 0o700 });
      await rename(accepted ? round.candidate : round.fallback, layout.servingModel);
      await syncFolder(layout.models);
    }
    await memory.update((state) => ({ ...state, pending: null, serving: servingOf(pending, choice) ?? state.serving }));
    await Promise.all([rm(round.candidate, { force: true }), rm(round.fallback, { force: true })]);
    log.info(
      { round: roundId, accepted, serving: memory.current.serving?.strategy ?? null },
      choice === null ? 'the model in service stays' : 'a model went into service',
    );
  }

  /** Completes a settling that a crash cut off between moving the model and remembering it. */
  async recover(): Promise<void> {
    const { layout, memory } = this.#parts;
    const { pending, serving } = memory.current;
    if (pending === null) return;
    const file = await readFile(layout.servingModel).catch(() => null);
    const found = file === null ? null : sha256(file);
    if (found === null || found === serving?.model) return;
    const choice = [pending.accepted, pending.rejected].find((option) => option?.model === found) ?? null;
    if (choice === null) return;
    await memory.update((state) => ({ ...state, pending: null, serving: servingOf(pending, choice) }));
  }

  /** Null for a model that is in service already: references stay the same for as long as the data does. */
  async #keepModel(path: string, model: ServingModel | null): Promise<PendingState['accepted']> {
    if (model === null) return null;
    const hash = sha256(model.file);
    if (hash === this.#parts.memory.current.serving?.model) return null;
    await writeAtomically(path, model.file);
    return { strategy: model.strategy, model: hash };
  }
}

function servingOf(pending: PendingState, choice: PendingState['accepted']): ServingState | null {
  if (choice === null) return null;
  const release = choice.strategy === 'federated' || choice.strategy === 'blend' ? pending.candidate : null;
  const { roundId, backbone, private: secret } = pending;
  return { strategy: choice.strategy, roundId, private: secret, release, backbone, model: choice.model };
}
