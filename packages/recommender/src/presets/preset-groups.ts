import type { PlanGroup } from '@noren/protocol';
import type { RecommenderConfig } from '../config/recommender-config.ts';
import { identityGroup, parameterGroups } from '../parameters/groups.ts';

/** Named answers to: which groups start anew, which are shared, which stay at the site, which are frozen? */
export const presetNames = [
  'fine-tune',
  'relearn',
  'ant',
  'head-only',
  'fedper',
  'lg-fedavg',
  'scratch',
  'frozen',
] as const;
export type PresetName = (typeof presetNames)[number];

/** The parts of the model a preset decides about. */
type Part = 'projections' | 'norm' | 'position' | 'blocks';

const shared: PlanGroup = { start: 'pretrained', scope: 'federated' };
const anew: PlanGroup = { start: 'reinit', scope: 'federated' };
const own: PlanGroup = { start: 'pretrained', scope: 'local' };
const frozen: PlanGroup = { start: 'pretrained', scope: 'frozen' };

const presets: Readonly<Record<PresetName, Readonly<Record<Part, PlanGroup>>>> = {
  // Everything shared from the backbone on; with personalisation the best on real data.
  'fine-tune': { projections: shared, norm: shared, position: shared, blocks: shared },
  // "Re-learning" (Peng et al. 2023): how sequences move is kept, how this shop's items map into that space is learned anew.
  ant: { projections: anew, norm: shared, position: anew, blocks: frozen },
  // The same starts, but the sequence side goes on learning: for sites whose taste headquarters has not seen.
  relearn: { projections: anew, norm: shared, position: anew, blocks: shared },
  // The item side only, from the backbone's values.
  'head-only': { projections: shared, norm: shared, position: frozen, blocks: frozen },
  // The lower layers are shared, the upper ones personal (Arivazhagan et al. 2019).
  fedper: { projections: shared, norm: shared, position: shared, blocks: own },
  // The representation is local, what works on it is shared (Liang et al. 2020).
  'lg-fedavg': { projections: own, norm: own, position: shared, blocks: shared },
  // Federated learning without a backbone.
  scratch: { projections: anew, norm: anew, position: anew, blocks: anew },
  // Nothing is learned: the backbone as it is. A reference, not a plan for rounds.
  frozen: { projections: frozen, norm: frozen, position: frozen, blocks: frozen },
};

/** A preset's decision for every parameter group of a model; the items' own vectors stay at the site under each. */
export function presetGroups(name: PresetName, config: RecommenderConfig): Record<string, PlanGroup> {
  const preset = presets[name];
  return Object.fromEntries(
    parameterGroups(config).map(({ name: group }) => {
      const decision = preset[partOf(group)];
      const isOwn = group === identityGroup && decision.scope === 'federated';
      return [group, isOwn ? { ...decision, scope: 'local' } : decision];
    }),
  );
}

function partOf(group: string): Part {
  if (group.startsWith('sequence.block.')) return 'blocks';
  if (group === 'sequence.position') return 'position';
  return group === 'item.norm' ? 'norm' : 'projections';
}
