import { adapterTensors, contentHash } from '@noren/protocol';
import type { Hash, PlanTemplate } from '@noren/protocol';
import { readSafetensors } from '@noren/tensor/safetensors';
import type { TensorFile } from '@noren/tensor/safetensors';
import { z } from 'zod';

import { CoordinatorError } from '../coordinator-error.ts';

// The coordinator knows no model: of a backbone it reads the names of the parameter groups and the tensors' shapes.
const backboneSchema = z.object({
  kind: z.literal('backbone'),
  version: z.literal(1),
  groups: z.array(z.string().min(1).max(96)).min(1).max(512),
});
const releaseSchema = z.object({ kind: z.literal('release'), version: z.literal(1), backbone: z.string().max(64) });

export interface BackboneFile {
  readonly hash: Hash;
  readonly groups: readonly string[];
  /** Values in the parameter groups. */
  readonly parameters: number;
  /** Shapes of the groups' tensors, by tensor name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/** Reads a backbone file's header. Throws CoordinatorError `invalid-backbone`. */
export function readBackboneFile(bytes: Uint8Array): BackboneFile {
  const [file, { groups }] = describe(bytes, backboneSchema, 'invalid-backbone', 'backbone');
  const known = new Set(groups);
  const parameters = [...file.tensors].filter(([name]) => known.has(groupOf(name)));
  const found = new Set(parameters.map(([name]) => groupOf(name)));
  const empty = groups.find((group) => !found.has(group));
  if (empty !== undefined) {
    throw new CoordinatorError('invalid-backbone', `The backbone lists the group "${empty}", which has no tensor.`);
  }
  return {
    hash: contentHash(bytes),
    groups,
    parameters: parameters.reduce((sum, [, { data }]) => sum + data.length, 0),
    shapes: new Map(parameters.map(([name, { shape }]) => [name, shape])),
  };
}

/**
 * Holds a release against the plan and the backbone: exactly the tensors of the federated groups, shaped as in the
 * backbone or as the plan's adapters of it, all finite. Returns the length of the federated vector. Throws CoordinatorError
 * `invalid-release`, and PlanError for adapters that do not fit the backbone.
 */
export function checkReleaseFile(bytes: Uint8Array, template: PlanTemplate, backbone: BackboneFile): number {
  const [file, header] = describe(bytes, releaseSchema, 'invalid-release', 'release');
  if (header.backbone !== backbone.hash) {
    throw invalid(`it belongs to the backbone ${header.backbone}, the federation has ${backbone.hash}`);
  }
  const shapes = new Map([...backbone.shapes, ...adapterTensors(backbone.shapes, template.adapters)]);
  for (const [name, shape] of shapes) {
    const federated = template.groups[groupOf(name)]?.scope === 'federated';
    const tensor = file.tensors.get(name);
    if (federated && tensor === undefined) throw invalid(`the tensor ${name} of a federated group is missing`);
    if (tensor === undefined) continue;
    if (!federated) throw invalid(`the tensor ${name} is in a group that the plan does not share`);
    if (tensor.shape.join() !== shape.join()) {
      throw invalid(`the tensor ${name} has the shape [${tensor.shape.join()}], the plan needs [${shape.join()}]`);
    }
  }
  let length = 0;
  for (const [name, { data }] of file.tensors) {
    if (!shapes.has(name)) throw invalid(`neither backbone nor plan has a tensor ${name}`);
    if (!data.every(Number.isFinite)) throw invalid(`the tensor ${name} holds a value that is not finite`);
    length += data.length;
  }
  return length;
}

function describe<T>(
  bytes: Uint8Array,
  schema: z.ZodType<T>,
  code: 'invalid-backbone' | 'invalid-release',
  what: string,
): [TensorFile, T] {
  try {
    const file = readSafetensors(bytes);
    return [file, schema.parse(JSON.parse(file.metadata['noren'] ?? 'null'))];
  } catch (cause) {
    const why = cause instanceof z.ZodError ? 'its metadata do not say that it is one' : (cause as Error).message;
    throw new CoordinatorError(code, `The file is not a ${what}: ${why}`, { cause });
  }
}

function groupOf(tensor: string): string {
  return tensor.slice(0, Math.max(0, tensor.indexOf('/')));
}

function invalid(why: string): CoordinatorError {
  return new CoordinatorError('invalid-release', `The release cannot be used: ${why}.`);
}
