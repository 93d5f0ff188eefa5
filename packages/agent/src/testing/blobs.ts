import { writeSafetensors, type HostTensor } from '@noren/tensor/safetensors';

/** A backbone file as far as an agent's main thread looks into it: the groups of examplePlan, or others. */
export function exampleBackbone(
  groups: readonly string[] = ['item.text', 'item.price', 'sequence.position'],
): Uint8Array {
  return file({ kind: 'backbone', version: 1, config: {}, groups }, { 'item.text/weight': Float32Array.of(1) });
}

/** A release with the two federated groups of examplePlan: 12 values, all `value`. */
export function exampleRelease(backbone: string, value: number): Uint8Array {
  return file(
    { kind: 'release', version: 1, backbone },
    { 'item.price/weight': new Float32Array(4).fill(value), 'item.text/weight': new Float32Array(8).fill(value) },
  );
}

/** A release whose one federated group holds 12 values, all `value`. */
export function releaseOf(group: string, backbone: string, value: number): Uint8Array {
  return file({ kind: 'release', version: 1, backbone }, { [`${group}/weight`]: new Float32Array(12).fill(value) });
}

function file(description: unknown, values: Readonly<Record<string, Float32Array>>): Uint8Array {
  const tensors = Object.entries(values).map(([name, data]): [string, HostTensor] => [
    name,
    { shape: [data.length], data },
  ]);
  return writeSafetensors({ tensors: new Map(tensors), metadata: { noren: JSON.stringify(description) } });
}
