import type { PlanTemplate } from '@noren/protocol';
import type { RecommenderConfig } from '../config/recommender-config.ts';
import { parameterGroups } from '../parameters/groups.ts';
import { presets, type Part, type PresetName } from './presets.ts';

/** A preset's plan for a model; what it does not decide is `usual`. */
export function presetPlan(
  name: PresetName,
  config: RecommenderConfig,
  usual: Omit<PlanTemplate, 'name' | 'groups'>,
): PlanTemplate {
  const preset = presets[name];
  const groups = parameterGroups(config).map((group) => [group.name, preset.groups[partOf(group.name)]] as const);
  const { training, personalisation } = usual;
  return {
    ...usual,
    name,
    groups: Object.fromEntries(groups),
    training: { ...training, ...preset.training?.(training) },
    personalisation:
      personalisation === null ? null : { ...personalisation, groups: preset.personalised ?? personalisation.groups },
  };
}

/** The part of the model that a parameter group belongs to. */
function partOf(group: string): Part {
  if (group.startsWith('sequence.block.')) return 'blocks';
  if (group === 'sequence.position') return 'position';
  return group === 'item.norm' ? 'norm' : 'projections';
}
