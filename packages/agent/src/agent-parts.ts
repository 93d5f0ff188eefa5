import type { Identity } from '@noren/secure-aggregation';
import type { Logger } from 'pino';
import type { BlobFolder } from './home/blobs.ts';
import type { AgentConfig } from './home/config.ts';
import type { SiteIdentity } from './home/identity.ts';
import type { HomeLayout } from './home/layout.ts';
import type { AgentState } from './home/state.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { PrivacyLedger } from './privacy-ledger/privacy-ledger.ts';
import type { RoundVault } from './session/round-vault.ts';
import type { DataJob, ServedModel, Trainer } from './relearning/trainer.ts';

/** What the rooms of one agent share. Opened once by the agent, closed by it. */
export interface AgentParts {
  readonly layout: HomeLayout;
  readonly config: AgentConfig;
  readonly site: SiteIdentity;
  readonly signer: Identity;
  readonly memory: Memory;
  readonly ledger: Ledger;
  readonly privacyLedger: PrivacyLedger;
  readonly blobs: BlobFolder;
  readonly trainer: Trainer;
  readonly vault: RoundVault;
  readonly log: Logger;
  readonly now: () => Date;
}

/** The agent's durable state together with the ledger's anchor. */
export interface Memory {
  readonly current: AgentState;
  /** Resolves when the change, and every ledger entry before it, is on disk. */
  update(change: (state: AgentState) => AgentState): Promise<void>;
}

/** The site's data as a task's job names it. */
export function dataJob({ layout, config }: Pick<AgentParts, 'layout' | 'config'>): DataJob {
  return { source: config.data, base: layout.home, cache: layout.cache };
}

/** The release that others may know to be in use here; null if there is none, or if that would say how customers fared. */
export function releaseShown({ current }: Memory): string | null {
  const { serving } = current;
  return serving === null || serving.private ? null : serving.release;
}

/** What is in service, as a task's job names it. */
export function servedModel({
  layout,
  memory,
  blobs,
}: Pick<AgentParts, 'layout' | 'memory' | 'blobs'>): ServedModel | null {
  const { serving } = memory.current;
  if (serving === null) return null;
  const { strategy, backbone, model } = serving;
  return { strategy, model: layout.servingModel, version: model, backbone: blobs.path(backbone) };
}
