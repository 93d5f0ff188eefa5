import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { homeLayout, writeConfig } from '@noren/agent';
import { Coordinator, type CoordinatorConfigInput } from '@noren/coordinator';
import { contentHash, type Hash, type Invitation, type PlanTemplate } from '@noren/protocol';
import { presetPlan, releaseFile, startValues, withAdapters, type Backbone } from '@noren/recommender';
import { writeSafetensors } from '@noren/tensor/safetensors';
import type { Logger } from 'pino';

import type { PreparedData } from './prepare-data.ts';
import { isSurveyed, type DemoSettings } from './settings.ts';

export interface DemoFederation {
  readonly coordinatorHome: string;
  readonly sites: readonly { readonly id: string; readonly home: string; readonly invitation: Invitation | null }[];
}

/**
 * What an operator does once: create the coordinator's home, register the backbone, adopt a plan, invite the sites, and
 * write each site's agent.json. A federation that exists already is left as it is and goes on.
 */
export async function prepareFederation(o: {
  readonly folder: string;
  readonly coordinator: Omit<CoordinatorConfigInput, 'home'>;
  readonly data: PreparedData;
  readonly settings: DemoSettings;
  readonly backbone: Backbone;
  readonly backboneBytes: Uint8Array;
  readonly log: Logger;
}): Promise<DemoFederation> {
  const coordinatorHome = join(o.folder, 'coordinator');
  const coordinator = await Coordinator.open({ ...o.coordinator, home: coordinatorHome }, { log: o.log });
  try {
    await coordinator.registerBackbone(o.backboneBytes);
    const { settings, backbone } = o;
    if (coordinator.lineage.release === null) {
      await adopt(coordinator, firstPlan(settings, backbone), backbone, contentHash(o.backboneBytes));
    }
    const sites: { id: string; home: string; invitation: Invitation | null }[] = [];
    for (const site of o.data.sites) {
      const home = join(o.folder, 'sites', site.id);
      const enrolled = existsSync(homeLayout(home).identity);
      if (!enrolled) await writeConfig(home, { version: 1, data: absoluteSource(site) });
      sites.push({ id: site.id, home, invitation: enrolled ? null : await coordinator.invite(site.id, site.name) });
    }
    return { coordinatorHome, sites };
  } finally {
    await coordinator.close();
  }
}

/** What the federation begins with; for a plan from a survey, until the survey has spoken, fine-tuning everything. */
export function firstPlan({ preset, plan }: DemoSettings, { config }: Backbone): PlanTemplate {
  return presetPlan(isSurveyed(preset) ? 'fine-tune' : preset, config, plan);
}

/** Puts a plan in force with the release it starts from, as `noren plan adopt` does. */
export async function adopt(
  coordinator: Coordinator,
  plan: PlanTemplate,
  backbone: Backbone,
  backboneHash: Hash,
): Promise<void> {
  const adapted = withAdapters(backbone, plan.adapters);
  const release = releaseFile(adapted, startValues(adapted, plan.groups, plan.seed), plan.groups, backboneHash);
  await coordinator.adoptPlan(plan, writeSafetensors(release));
}

/** A site's own folder is its own business; the demonstration keeps data and agent homes apart. */
function absoluteSource({ folder, source }: PreparedData['sites'][number]): PreparedData['sites'][number]['source'] {
  const { catalogue, interactions } = source;
  return {
    ...source,
    catalogue: {
      ...catalogue,
      file: join(folder, catalogue.file),
      imageFolder: catalogue.imageFolder === undefined ? folder : join(folder, catalogue.imageFolder),
    },
    interactions: { ...interactions, file: join(folder, interactions.file) },
  };
}
