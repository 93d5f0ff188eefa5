import { identityGroup, type PlanGroup, type PlanTemplate } from '@noren/protocol';
import type { RecommenderConfig } from '../config/recommender-config.ts';
import { parameterGroups } from '../parameters/groups.ts';
import { presets, type Part, type Preset, type PresetName, type StudyPresetName } from './presets.ts';

/** A preset's plan for a backbone; what it does not decide is `usual`, the rank of its adapters too. */
export function presetPlan(
  name: PresetName,
  config: RecommenderConfig,
  usual: Omit<PlanTemplate, 'name' | 'groups'>,
): PlanTemplate {
  const preset = presets[name];
  const { training, personalisation } = usual;
  return {
    ...usual,
    name,
    groups: presetGroups(name, config),
    adapters: preset.adapters === undefined ? null : { rank: usual.adapters?.rank ?? preset.adapters.rank },
    training: { ...training, ...preset.training?.(training) },
    personalisation:
      personalisation === null ? null : { ...personalisation, groups: preset.personalised ?? personalisation.groups },
  };
}

/**
 * A preset's decision for every parameter group of a model and of the adapters that it adds; the items' own vectors stay at
 * the site under each.
 */
export function presetGroups(name: StudyPresetName, config: RecommenderConfig): Record<string, PlanGroup> {
  const { groups, adapters } = presets[name];
  return Object.fromEntries(
    // Which groups there are does not depend on the rank.
    parameterGroups({ ...config, adapterRank: adapters === undefined ? 0 : 1 }).map(({ name: group }) => {
      // Zeros, and with them the model is the backbone as it was.
      if (group === identityGroup)
        return [group, { start: 'pretrained', scope: name === 'frozen' ? 'frozen' : 'local' }];
      return [group, adapterDecision(group, adapters) ?? groups[partOf(group)]];
    }),
  );
}

function adapterDecision(group: string, adapters: Preset['adapters']): PlanGroup | undefined {
  if (group.endsWith('.adapter.a')) return adapters?.a;
  return group.endsWith('.adapter.b') ? adapters?.b : undefined;
}

/** The part of the model that a parameter group belongs to. */
function partOf(group: string): Part {
  if (group.startsWith('sequence.block.')) return 'blocks';
  if (group === 'sequence.position') return 'position';
  return group === 'item.norm' ? 'norm' : 'projections';
}
