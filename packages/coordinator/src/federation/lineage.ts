import { checkPlanGroups } from '@noren/protocol';
import type { Hash, PlanTemplate } from '@noren/protocol';

import type { BlobStore } from '../blobs/blob-store.ts';
import { CoordinatorError } from '../coordinator-error.ts';
import type { Journal } from '../store/journal.ts';
import { runningRound } from './federation-state.ts';
import type { FederationState } from './federation-state.ts';
import { checkReleaseFile, readBackboneFile } from './lineage-files.ts';

/** What the rounds rest on: the backbone, the plan in force, and the release it starts from. */
export class Lineage {
  readonly #journal: Journal;
  readonly #blobs: BlobStore;

  constructor(journal: Journal, blobs: BlobStore) {
    this.#journal = journal;
    this.#blobs = blobs;
  }

  /** A new backbone ends the plan in force: its groups may be others. Throws `invalid-backbone`, `round-running`. */
  async registerBackbone(bytes: Uint8Array): Promise<Hash> {
    const { hash, parameters, groups } = readBackboneFile(bytes);
    await this.#blobs.write(bytes);
    return this.#journal.change((state) => {
      refuseWhileRunning(state);
      if (state.backbone?.hash === hash) return { events: [], result: hash };
      return { events: [{ kind: 'backbone-registered', hash, parameters, groups }], result: hash };
    });
  }

  /**
   * Puts a plan in force, with the release that its first round starts from; null keeps the release in force, which must
   * fit. Throws `no-backbone`, `invalid-release`, `round-running`, and PlanError naming a group that does not fit.
   */
  async adoptPlan(template: PlanTemplate, releaseBytes: Uint8Array | null): Promise<void> {
    const { backbone, release } = this.#journal.state;
    if (backbone === null) throw new CoordinatorError('no-backbone', 'Register a backbone before adopting a plan.');
    checkPlanGroups(template, backbone.groups);
    if (releaseBytes === null && release === null) {
      throw new CoordinatorError('invalid-release', 'The first plan needs a release to start from.');
    }
    const bytes = releaseBytes ?? (release === null ? new Uint8Array() : await this.#blobs.read(release.hash));
    const file = readBackboneFile(await this.#blobs.read(backbone.hash));
    const vectorLength = checkReleaseFile(bytes, template, file);
    const hash = await this.#blobs.write(bytes);
    await this.#journal.change((state) => {
      refuseWhileRunning(state);
      const adopted = { kind: 'plan-adopted', template, vectorLength } as const;
      if (state.release?.hash === hash) return { events: [adopted], result: undefined };
      const number = state.release === null ? 0 : state.release.number + 1;
      const made = { number, hash, round: null, sum: null, survivors: [], moments: null };
      return { events: [adopted, { kind: 'release-made', ...made }], result: undefined };
    });
  }
}

function refuseWhileRunning(state: FederationState): void {
  const round = runningRound(state);
  if (round === null) return;
  const message = `Round ${round.number} is running: wait for its end, or stop the coordinator.`;
  throw new CoordinatorError('round-running', message);
}
