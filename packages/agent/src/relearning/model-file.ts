import { readBytes } from '../home/read-bytes.ts';
import type { CatalogueItem } from '@noren/dataset';
import { identityGroup } from '@noren/protocol';
import { boughtItems, parameterGroups, type ModalityName, type ModelValues } from '@noren/recommender';
import { readSafetensors, writeSafetensors, type HostTensor } from '@noren/tensor/safetensors';
import { z } from 'zod';
import { AgentError } from '../agent-error.ts';
import { strategySchema } from '@noren/protocol/console';
import type { Strategy } from '../home/state.ts';
import { rowsOfItems, tableOfItems } from './identity-rows.ts';
import type { Bench } from './workbench.ts';

/** What a model file says about itself. */
export interface ModelDescription {
  readonly kind: 'model';
  readonly version: 1;
  readonly strategy: Strategy;
  /** SHA-256 (hex) of the backbone file whose encoders and config it was made with. */
  readonly backbone: string;
  readonly modalities: readonly ModalityName[];
  /** Whose vectors the rows of `item.identity/embedding` are, where the model has some. */
  readonly items?: readonly string[] | undefined;
}

const IDENTITY_TABLE = `${identityGroup}/embedding`;
/** Of the ids together: a file's header is read up to 16 MiB. */
const MAX_ITEM_BYTES = 12 * 2 ** 20;

const descriptionSchema: z.ZodType<ModelDescription> = z.strictObject({
  kind: z.literal('model'),
  version: z.literal(1),
  strategy: strategySchema,
  backbone: z.string().regex(/^[0-9a-f]{64}$/),
  modalities: z
    .array(z.enum(['text', 'image', 'price']))
    .min(1)
    .max(3),
  items: z.array(z.string()).optional(),
});

/** A model of the site as safetensors: its parameters, and what is needed to use them. */
export function writeModel(
  { backbone, data: { catalogue }, relearner }: Pick<Bench, 'backbone' | 'data' | 'relearner'>,
  values: ModelValues,
  description: Omit<ModelDescription, 'kind' | 'version' | 'items'>,
): Uint8Array {
  const tensors = new Map<string, HostTensor>();
  for (const { name, shape } of parameterGroups(backbone.config).flatMap((group) => group.tensors)) {
    const data = values.get(name);
    if (data !== undefined) tensors.set(name, { shape, data });
  }
  let noren: ModelDescription = { kind: 'model', version: 1, ...description };
  const table = values.get(IDENTITY_TABLE);
  if (table !== undefined) {
    const { items, rows } = rowsOfItems(table, catalogue, boughtItems(relearner.study));
    tensors.set(IDENTITY_TABLE, rows);
    noren = { ...noren, items };
    if (Buffer.byteLength(JSON.stringify(items)) > MAX_ITEM_BYTES) {
      const message = `this site sells too many items for a plan with ${identityGroup}: ask for one without it`;
      throw new AgentError('training-failed', message);
    }
  }
  return writeSafetensors({ tensors, metadata: { noren: JSON.stringify(noren) } });
}

/** A model file as read. */
export interface StoredModel {
  readonly description: ModelDescription;
  /** Every parameter; vectors of single items as a table of this catalogue, whatever it was when the model was made. */
  readonly valuesFor: (catalogue: readonly Pick<CatalogueItem, 'id'>[]) => Map<string, Float32Array>;
}

/** Rejects when the file is missing or is no model file. */
export async function readModel(path: string): Promise<StoredModel> {
  const file = readSafetensors(await readBytes(path));
  const description = descriptionSchema.parse(JSON.parse(file.metadata['noren'] ?? 'null'));
  return {
    description,
    valuesFor(catalogue) {
      const values = new Map([...file.tensors].map(([name, { data }]) => [name, data]));
      const rows = file.tensors.get(IDENTITY_TABLE);
      const { items = [] } = description;
      return rows === undefined ? values : values.set(IDENTITY_TABLE, tableOfItems({ items, rows }, catalogue));
    },
  };
}
