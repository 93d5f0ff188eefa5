import { readFile } from 'node:fs/promises';
import { parsePlan, planHash, readSignedRoster, type RoundPlan } from '@noren/protocol';
import type { ResumableStep, SiteRecord } from '@noren/secure-aggregation';
import type { AgentParts } from '../agent-parts.ts';
import { readSigned } from '../audit/signed-file.ts';
import { readBytes } from '../home/read-bytes.ts';
import { sha256 } from '../ledger/chain.ts';
import type { LedgerKind } from '../ledger/entry.ts';
import { verifyLedger } from '../ledger/verify.ts';
import type { Registered } from './masking.ts';
import type { VerifiedPlan } from './offer.ts';
import type { KeptRound, KeptStage } from './round-vault.ts';

/** A round that this site had keys out for when its process ended. */
export interface CutOffRound {
  readonly offer: VerifiedPlan;
  /** Null when it can only judge the candidate. */
  readonly kept: KeptSecrets | null;
}

/** What a site goes on from. */
export interface KeptSecrets {
  readonly round: KeptRound;
  readonly registered: Registered;
  /** The furthest step that state and ledger know of. */
  readonly reached: ResumableStep;
  /** What it has signed so far. */
  readonly signed: SiteRecord | null;
}

/** Null when no round was cut off, or nothing is left of its plan. */
export async function findCutOffRound(parts: AgentParts): Promise<CutOffRound | null> {
  const { memory, layout } = parts;
  const { lastPlan } = memory.current;
  if (lastPlan === null || lastPlan.stage === 'seen' || lastPlan.stage === 'finished') return null;
  const bytes = await readFile(layout.round(lastPlan.roundId).plan).catch(() => null);
  if (bytes === null) return null;
  const hash = planHash(bytes);
  const hashHex = Buffer.from(hash).toString('hex');
  if (hashHex !== lastPlan.hash) return null;
  const offer = { plan: parsePlan(bytes), bytes, hash, hashHex };
  return { offer, kept: await findSecrets(parts, offer.plan, lastPlan.stage) };
}

async function findSecrets(
  { layout, vault, blobs }: AgentParts,
  plan: RoundPlan,
  stage: KeptStage,
): Promise<KeptSecrets | null> {
  const round = await vault.round(plan.roundId).find();
  const reached = await reachedStep(layout.home, plan.roundId, stage);
  if (round === null || reached === null) return null;
  // Noise may have been drawn and paid for, and customers sampled: neither is done twice for one round.
  if (plan.privacy != null && round.stage === 'shared') return null;
  // Fetched when the plan was judged, and kept as long as the round needs it.
  const file = plan.roster === null ? null : await readBytes(blobs.path(plan.roster)).catch(() => null);
  if (plan.roster !== null && (file === null || sha256(file) !== plan.roster)) return null;
  const roster = file === null ? null : readSignedRoster(file).roster;
  const signed = (await readSigned(layout.round(plan.roundId).signed))?.record ?? null;
  return { round, registered: { members: round.members, roster }, reached, signed };
}

/**
 * How far the site went, as the two records say that are no part of the vault: state.json, and the ledger with one entry
 * for whatever has left. Null when it has left the round.
 */
async function reachedStep(home: string, roundId: string, stage: KeptStage): Promise<ResumableStep | null> {
  let furthest = STEP_OF_STAGE[stage];
  let left = false;
  await verifyLedger(home, ({ kind, round }) => {
    if (round !== roundId) return;
    left ||= ENDS.has(kind);
    const step = STEP_OF_ENTRY[kind];
    if (step !== undefined && ORDER.indexOf(step) > ORDER.indexOf(furthest)) furthest = step;
  });
  return left ? null : furthest;
}

const ORDER: readonly ResumableStep[] = ['advertised', 'shared', 'ready', 'masked', 'confirmed', 'revealed'];

const STEP_OF_STAGE: Readonly<Record<KeptStage, ResumableStep>> = {
  keys: 'advertised',
  shared: 'shared',
  masked: 'masked',
  confirmed: 'confirmed',
  revealed: 'revealed',
};

const STEP_OF_ENTRY: Readonly<Partial<Record<LedgerKind, ResumableStep>>> = {
  keyAdvertisement: 'advertised',
  sealedShares: 'shared',
  upload: 'masked',
  survivorSignature: 'confirmed',
  revealedShares: 'revealed',
};

/** Whoever has said one of these has forgotten its secrets. */
const ENDS: ReadonlySet<LedgerKind> = new Set(['withdrawal', 'evaluationReport']);
