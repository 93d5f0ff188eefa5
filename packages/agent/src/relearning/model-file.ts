import { readBytes } from '../home/read-bytes.ts';
import { parameterGroups, type ModalityName, type ModelValues, type RecommenderConfig } from '@noren/recommender';
import { readSafetensors, writeSafetensors, type HostTensor } from '@noren/tensor/safetensors';
import { z } from 'zod';
import { strategySchema } from '@noren/protocol/console';
import type { Strategy } from '../home/state.ts';

/** What a model file says about itself. */
export interface ModelDescription {
  readonly kind: 'model';
  readonly version: 1;
  readonly strategy: Strategy;
  /** SHA-256 (hex) of the backbone file whose encoders and config it was made with. */
  readonly backbone: string;
  readonly modalities: readonly ModalityName[];
}

const descriptionSchema: z.ZodType<ModelDescription> = z.strictObject({
  kind: z.literal('model'),
  version: z.literal(1),
  strategy: strategySchema,
  backbone: z.string().regex(/^[0-9a-f]{64}$/),
  modalities: z
    .array(z.enum(['text', 'image', 'price']))
    .min(1)
    .max(3),
});

/** A complete model of the site as safetensors: every parameter, and what is needed to use them. */
export function writeModel(
  config: RecommenderConfig,
  values: ModelValues,
  description: Omit<ModelDescription, 'kind' | 'version'>,
): Uint8Array {
  const tensors = new Map<string, HostTensor>();
  for (const { name, shape } of parameterGroups(config).flatMap((group) => group.tensors)) {
    const data = values.get(name);
    if (data !== undefined) tensors.set(name, { shape, data });
  }
  const noren: ModelDescription = { kind: 'model', version: 1, ...description };
  return writeSafetensors({ tensors, metadata: { noren: JSON.stringify(noren) } });
}

/** Rejects when the file is missing or is no model file. */
export async function readModel(
  path: string,
): Promise<{ readonly description: ModelDescription; readonly values: Map<string, Float32Array> }> {
  const file = readSafetensors(await readBytes(path));
  const description = descriptionSchema.parse(JSON.parse(file.metadata['noren'] ?? 'null'));
  return { description, values: new Map([...file.tensors].map(([name, { data }]) => [name, data])) };
}
