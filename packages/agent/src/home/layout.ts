import { join } from 'node:path';

/** Where everything of one agent lies, below its home folder. */
export interface HomeLayout {
  readonly home: string;
  readonly config: string;
  readonly lock: string;
  readonly state: string;
  readonly ledger: string;
  /** What the customers' privacy was spent on. */
  readonly privacyLedger: string;
  readonly identity: string;
  /** Backbones, releases and candidates by content hash. Can be deleted: they are fetched again. */
  readonly blobs: string;
  readonly rounds: string;
  /** The site's own full evaluations, one JSON a round. They never leave the site. */
  readonly evaluations: string;
  /** The newest survey's full figures of this site. They never leave it. */
  readonly survey: string;
  readonly models: string;
  readonly servingModel: string;
  /**
   * Item features and reference models, which are made again when they are deleted; the site's own groups and own model,
   * which begin again.
   */
  readonly cache: string;
  /** What last went wrong in the site's data or training, in full. It may quote the data, so it never leaves. */
  readonly problem: string;
  round(roundId: string): RoundLayout;
  evaluation(roundId: string): string;
}

export interface RoundLayout {
  readonly folder: string;
  /** The plan's bytes exactly as they were signed. */
  readonly plan: string;
  /** What the site needs to go on with the round after a crash, encrypted; gone when the round has ended. */
  readonly secrets: string;
  /** Hashes of what the site signed in the round, and the public keys it was shown: nothing secret. It stays. */
  readonly signed: string;
  /** What the coordinator says the round's sum rests on. It stays. */
  readonly transcript: string;
  /** The masked update as it leaves, until the round has ended. */
  readonly masked: string;
  /** The quantised update as little-endian int32, only with `keepUpdates`. */
  readonly update: string;
  /** What goes into service here if the federation accepts the candidate. */
  readonly candidate: string;
  /** What goes into service here if it does not. */
  readonly fallback: string;
}

export function homeLayout(home: string): HomeLayout {
  const models = join(home, 'models');
  return {
    home,
    config: join(home, 'agent.json'),
    lock: join(home, 'agent.lock'),
    state: join(home, 'state.json'),
    ledger: join(home, 'ledger.jsonl'),
    privacyLedger: join(home, 'privacy-ledger.jsonl'),
    identity: join(home, 'identity'),
    blobs: join(home, 'blobs'),
    rounds: join(home, 'rounds'),
    evaluations: join(home, 'evaluations'),
    survey: join(home, 'survey.json'),
    models,
    servingModel: join(models, 'serving.safetensors'),
    cache: join(home, 'cache'),
    problem: join(home, 'problem.txt'),
    round: (roundId) => {
      const folder = join(home, 'rounds', roundId);
      return {
        folder,
        plan: join(folder, 'plan.json'),
        secrets: join(folder, 'secrets'),
        signed: join(folder, 'signed.json'),
        transcript: join(folder, 'transcript'),
        masked: join(folder, 'masked'),
        update: join(folder, 'update.i32'),
        candidate: join(folder, 'candidate.safetensors'),
        fallback: join(folder, 'fallback.safetensors'),
      };
    },
    evaluation: (roundId) => join(home, 'evaluations', `${roundId}.json`),
  };
}
