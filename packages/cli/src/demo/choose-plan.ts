import { setTimeout as sleep } from 'node:timers/promises';

import { Coordinator, CoordinatorError, type CoordinatorConfigInput, type SurveyResult } from '@noren/coordinator';
import type { PlanTemplate } from '@noren/protocol';
import { planFromSurvey, surveyTemplate, type Backbone } from '@noren/recommender';
import type { Logger } from 'pino';

import { adopt, firstPlan } from './prepare-federation.ts';
import type { DemoSettings, SurveyedPlan } from './settings.ts';

/** Epochs of a probe: enough to tell starts and groups apart, seconds for a small shop. */
const PROBE_EPOCHS = 4;
const CONNECT_MS = 180_000;
const LOOK_MS = 200;

/**
 * What an operator does before the first round of an adaptive federation: one survey over the sites, then the plan that its
 * evidence speaks for. The coordinator runs in this process meanwhile and is closed when it returns. Null where the federation
 * has its plan already, or where the survey failed; then the first plan stays.
 */
export async function choosePlan(o: {
  readonly kind: SurveyedPlan;
  readonly coordinator: CoordinatorConfigInput;
  readonly settings: DemoSettings;
  readonly backbone: Backbone;
  readonly sites: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called when the coordinator listens. */
  startSites(): Promise<void>;
  onStart(): void;
}): Promise<PlanTemplate | null> {
  const { settings, backbone, log, signal } = o;
  const coordinator = await Coordinator.open(o.coordinator, { log });
  try {
    if (coordinator.lineage.plan?.template.name === o.kind) return null;
    await coordinator.pause();
    await coordinator.start();
    await o.startSites();
    const deadline = Date.now() + CONNECT_MS;
    const connected = (): number => coordinator.view().sites.filter((site) => site.connected).length;
    while (connected() < o.sites && Date.now() < deadline) await sleep(LOOK_MS, undefined, { signal });
    o.onStart();
    const like = firstPlan(settings, backbone);
    const record = await surveyed(coordinator, surveyTemplate(backbone.config, { like, epochs: PROBE_EPOCHS }), signal);
    if (record === null) return null;
    const plan = planFromSurvey(o.kind, backbone.config, record, { like });
    await adopt(coordinator, plan, backbone, record.plan.backbone);
    return plan;
  } finally {
    await coordinator.resume();
    await coordinator.close();
  }
}

/** Null when the round failed, or too few sites are there for one. */
async function surveyed(
  coordinator: Coordinator,
  template: PlanTemplate,
  signal: AbortSignal,
): Promise<SurveyResult | null> {
  let round: number;
  try {
    round = await coordinator.startSurvey(template);
  } catch (error) {
    if (error instanceof CoordinatorError && error.code === 'too-few-sites') return null;
    throw error;
  }
  await Promise.race([coordinator.idle(), aborted(signal)]);
  signal.throwIfAborted();
  return coordinator.survey(round);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
