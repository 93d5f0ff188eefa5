import { contentHash, defaultTraining } from '@noren/protocol';
import type { PlanTemplate } from '@noren/protocol';
import { writeSafetensors } from '@noren/tensor/safetensors';
import type { HostTensor } from '@noren/tensor/safetensors';

/** Tensors of the shared part: 3 x 4 and 5 values. */
export const VECTOR_LENGTH = 17;

function tensor(shape: number[], start: number): HostTensor {
  const length = shape.reduce((product, size) => product * size, 1);
  return { shape, data: Float32Array.from({ length }, (_, index) => start + index / 8) };
}

const shared: [string, HostTensor][] = [
  ['item.text/weight', tensor([3, 4], 1)],
  ['item.text/bias', tensor([5], -2)],
];

/** A backbone of two parameter groups and a frozen encoder, small enough to check by hand. */
export function testBackbone(): Uint8Array {
  const others: [string, HostTensor][] = [
    ['sequence.norm/weight', tensor([6], 0)],
    ['featuriser.text/basis', tensor([2, 2], 0)],
  ];
  const description = { kind: 'backbone', version: 1, config: {}, groups: ['item.text', 'sequence.norm'] };
  const metadata = { noren: JSON.stringify(description) };
  return writeSafetensors({ tensors: new Map([...shared, ...others]), metadata });
}

export function testRelease(backbone: Uint8Array = testBackbone()): Uint8Array {
  const metadata = { noren: JSON.stringify({ kind: 'release', version: 1, backbone: contentHash(backbone) }) };
  return writeSafetensors({ tensors: new Map(shared), metadata });
}

export function testPlan(change: Partial<PlanTemplate> = {}): PlanTemplate {
  const groups = {
    'item.text': { start: 'reinit', scope: 'federated' },
    'sequence.norm': { start: 'pretrained', scope: 'frozen' },
  } as const;
  return {
    ...defaultTraining('test', groups),
    update: { clipNorm: 1, maximumWeight: 100 },
    deadlines: { recruiting: 10, keys: 10, relearning: 10, unmasking: 10, evaluating: 10 },
    gate: { confidence: 0.95, margin: 0.01 },
    ...change,
  };
}
