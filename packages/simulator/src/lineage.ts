import { contentHash, defaultTraining, type PlanTemplate } from '@noren/protocol';
import { writeSafetensors, type HostTensor } from '@noren/tensor/safetensors';

/** What a federation needs before its first round. */
export interface Lineage {
  readonly backbone: Uint8Array;
  readonly plan: PlanTemplate;
  readonly release: Uint8Array;
}

/**
 * A backbone of one shared and one frozen group, for simulations that are about the protocol and not about learning:
 * `vectorLength` values of one shared `group`, deadlines of seconds.
 */
export function plainLineage(vectorLength: number, group = 'item.text'): Lineage {
  const shared: HostTensor = { shape: [vectorLength], data: new Float32Array(vectorLength) };
  const frozen: HostTensor = { shape: [1], data: Float32Array.of(1) };
  const description = { kind: 'backbone', version: 1, config: {}, groups: [group, 'item.image'] };
  const backbone = writeSafetensors({
    tensors: new Map([
      [`${group}/weight`, shared],
      ['item.image/weight', frozen],
    ]),
    metadata: { noren: JSON.stringify(description) },
  });
  const noren = JSON.stringify({ kind: 'release', version: 1, backbone: contentHash(backbone) });
  const release = writeSafetensors({ tensors: new Map([[`${group}/weight`, shared]]), metadata: { noren } });
  const plan: PlanTemplate = {
    ...defaultTraining('simulated', {
      [group]: { start: 'pretrained', scope: 'federated' },
      'item.image': { start: 'pretrained', scope: 'frozen' },
    }),
    update: { clipNorm: 1, maximumWeight: 1000 },
    cohort: { minimumSites: 3, quorum: 0.3 },
    deadlines: { recruiting: 10, keys: 10, relearning: 3, unmasking: 10, evaluating: 10 },
  };
  return { backbone, plan, release };
}
