import { identityGroup, type PlanGroup, type PlanTemplate } from '@noren/protocol';
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
  const { training, personalisation } = usual;
  return {
    ...usual,
    name,
    groups: presetGroups(name, config),
    training: { ...training, ...preset.training?.(training) },
    personalisation:
      personalisation === null ? null : { ...personalisation, groups: preset.personalised ?? personalisation.groups },
  };
}

/** A preset's decision for every parameter group of a model; the items' own vectors stay at the site under each. */
export function presetGroups(name: PresetName, config: RecommenderConfig): Record<string, PlanGroup> {
  const { groups } = presets[name];
  return Object.fromEntries(
    parameterGroups(config).map(({ name: group }) => {
      const decision = groups[partOf(group)];
      // Zeros, and with them the model is the backbone as it was.
      return [group, group === identityGroup ? { start: 'pretrained', scope: 'local' } : decision];
    }),
  );
}

/** The part of the model that a parameter group belongs to. */
function partOf(group: string): Part {
  if (group.startsWith('sequence.block.')) return 'blocks';
  if (group === 'sequence.position') return 'position';
  return group === 'item.norm' ? 'norm' : 'projections';
}
