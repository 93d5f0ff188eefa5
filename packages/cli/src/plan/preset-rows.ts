import { defaultTraining, type PlanTemplate } from '@noren/protocol';
import { presetPlan, type RecommenderConfig } from '@noren/recommender';
import { presetNames, presets, type PresetName } from '@noren/recommender/presets';

import { federatedValues } from './federated-values.ts';

export interface PresetRow {
  readonly preset: PresetName;
  readonly summary: string;
  readonly paper: string;
  /** Which parts travel, and what stays from round to round, in words. */
  readonly shared: string;
  readonly kept: string;
  /** Bytes of a site's masked update a round, 32 bits a value. */
  readonly sent: number;
}

/** What every preset means for a model of this architecture. */
export function presetRows(config: RecommenderConfig): readonly PresetRow[] {
  return presetNames.map((preset) => {
    const plan = presetPlan(preset, config, defaultTraining(preset, {}));
    const { summary, paper } = presets[preset];
    const sent = 4 * federatedValues(plan, config);
    return { preset, summary, paper, shared: partsWith(plan, 'federated'), kept: keptBy(plan), sent };
  });
}

const parts: readonly (readonly [name: string, holds: (group: string) => boolean])[] = [
  ['item side', (group) => group.startsWith('item.') && group !== 'item.norm'],
  ["items' norm", (group) => group === 'item.norm'],
  ['positions', (group) => group === 'sequence.position'],
  ['sequence blocks', (group) => /\.(?:attention|feedforward)$/.test(group)],
  ['adapter factor A', (group) => group.endsWith('.adapter.a')],
  ['adapter factor B', (group) => group.endsWith('.adapter.b')],
];

function partsWith({ groups }: PlanTemplate, scope: 'federated' | 'local'): string {
  const all = Object.entries(groups);
  if (all.every(([, group]) => group.scope === scope)) return 'everything';
  const found = parts
    .filter(([, holds]) => all.some(([name, group]) => holds(name) && group.scope === scope))
    .map(([name]) => name);
  return found.filter((part) => part !== "items' norm" || !found.includes('item side')).join(', ');
}

function keptBy(plan: PlanTemplate): string {
  const { kind } = plan.training.objective;
  if (kind === 'ditto' || kind === 'apfl') return 'a whole model';
  const local = partsWith(plan, 'local');
  return local === '' ? '–' : local;
}
