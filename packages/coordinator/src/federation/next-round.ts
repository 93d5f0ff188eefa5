import { randomBytes } from 'node:crypto';

import { withClipNorm } from '@noren/protocol';
import type { PlanTemplate, RoundPlan, SiteId } from '@noren/protocol';

import { CoordinatorError } from '../coordinator-error.ts';
import type { NoiseKeys } from '../noise/noise-keys.ts';
import { eligibleSites, runningRound } from './federation-state.ts';
import type { FederationState } from './federation-state.ts';
import { makeRoundId } from './round-id.ts';
import { withPlace } from './tree-course.ts';

/**
 * The plan of the next round. Throws CoordinatorError `no-plan`, `round-running`, `too-few-sites`, and `plan-mismatch` as
 * `withPlace`.
 */
export async function nextPlan(
  state: FederationState,
  plan: FederationState['plan'],
  { connected, noiseKeys }: { readonly connected: readonly SiteId[]; readonly noiseKeys: NoiseKeys },
): Promise<RoundPlan> {
  const { backbone, release } = state;
  const why = obstacle(state, connected, plan?.template);
  if (backbone === null || plan === null || release === null) throw new CoordinatorError('no-plan', why ?? '');
  if (why !== null) throw new CoordinatorError(runningRound(state) === null ? 'too-few-sites' : 'round-running', why);
  const last = state.rounds[0];
  const round = (last?.number ?? 0) + 1;
  return {
    ...(await inForce(plan.template, state, noiseKeys)),
    federation: state.name,
    roundId: makeRoundId(round, randomBytes(4).toString('hex')),
    round,
    backbone: backbone.hash,
    release: release.hash,
    vectorLength: plan.vectorLength,
    previousPlanHash: last?.planHash ?? null,
    roster: state.roster?.hash ?? null,
  };
}

/** The template as the rounds before have moved it. A survey, which goes beside the plan in force, has nothing that moves. */
function inForce(template: PlanTemplate, state: FederationState, keys: NoiseKeys): Promise<PlanTemplate> {
  const { clipNorm, tree } = state;
  const clipped = clipNorm === null ? template : withClipNorm(template, clipNorm);
  return withPlace(clipped, tree, { sites: eligibleSites(state).size, keys });
}

/** Why no round by this plan, or the one in force, can start now; null if one can. */
export function obstacle(
  state: FederationState,
  connected: readonly SiteId[],
  plan: Pick<PlanTemplate, 'cohort'> | undefined = state.plan?.template,
): string | null {
  if (state.backbone === null || state.plan === null || state.release === null) return 'No plan has been adopted.';
  const round = runningRound(state);
  if (round !== null) return `Round ${round.number} is running.`;
  const needed = (plan ?? state.plan.template).cohort.minimumSites;
  const eligible = eligibleSites(state);
  const there = connected.filter((site) => eligible.has(site)).length;
  if (there >= needed) return null;
  const listed = state.roster === null ? '' : ' and on the registrar’s roster';
  const held = connected.filter((site) => (state.sites.get(site)?.quarantine ?? null) !== null).length;
  const more = held === 0 ? '' : ` ${held} more ${held === 1 ? 'is' : 'are'} connected but in quarantine.`;
  return `Waiting for sites: ${there} of the ${needed} that a round needs are connected${listed}.${more}`;
}
