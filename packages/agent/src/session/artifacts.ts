import { adapterTensors, checkPlanGroups, type RoundPlan } from '@noren/protocol';
import { readSafetensors, type TensorFile } from '@noren/tensor/safetensors';
import { z } from 'zod';
import { AgentError } from '../agent-error.ts';
import { allFinite } from './all-finite.ts';

const backboneSchema = z.object({ kind: z.literal('backbone'), groups: z.array(z.string().max(128)).max(512) });
const releaseSchema = z.object({ kind: z.literal('release'), backbone: z.string().max(64) });

/**
 * Holds a downloaded backbone against the plan: it must be a backbone, the plan must say something about each of its
 * parameter groups and about no other, and the plan's adapters must fit its matrices. Throws `download-invalid`.
 */
export function checkBackbone(bytes: Uint8Array, plan: RoundPlan): void {
  const { file, description } = describe(bytes, backboneSchema, 'backbone');
  try {
    checkPlanGroups(plan, description.groups);
    adapterTensors(
      [...file.tensors].map(([name, { shape }]) => [name, shape] as const),
      plan.adapters,
    );
  } catch (error) {
    throw new AgentError('download-invalid', (error as Error).message, error);
  }
}

/**
 * Holds a release or candidate against the plan: made for the plan's backbone, exactly the federated groups, as long as
 * the plan says. A release with other tensors would change parts of the model the site's policy never saw.
 * Throws `download-invalid`.
 */
export function checkRelease(bytes: Uint8Array, plan: RoundPlan, what: 'release' | 'candidate'): void {
  const { file, description } = describe(bytes, releaseSchema, what);
  if (description.backbone !== plan.backbone) throw invalid(what, 'it was made for another backbone');
  const federated = new Set(Object.keys(plan.groups).filter((name) => plan.groups[name]?.scope === 'federated'));
  const found = new Set([...file.tensors.keys()].map((name) => name.slice(0, name.indexOf('/'))));
  const foreign = [...found].find((name) => !federated.has(name));
  if (foreign !== undefined) throw invalid(what, `the plan does not share its group "${foreign}"`);
  const missing = [...federated].find((name) => !found.has(name));
  if (missing !== undefined) throw invalid(what, `it lacks the group "${missing}"`);
  const tensors = [...file.tensors.values()];
  const length = tensors.reduce((sum, tensor) => sum + tensor.data.length, 0);
  if (length !== plan.vectorLength) throw invalid(what, `it has ${length} values, the plan says ${plan.vectorLength}`);
  if (!tensors.every((tensor) => allFinite(tensor.data))) throw invalid(what, 'a value is not finite');
}

function describe<T>(
  bytes: Uint8Array,
  schema: z.ZodType<T>,
  what: string,
): { readonly file: TensorFile; readonly description: T } {
  try {
    const file = readSafetensors(bytes);
    return { file, description: schema.parse(JSON.parse(file.metadata['noren'] ?? 'null')) };
  } catch (error) {
    throw invalid(what, 'it is no such file', error);
  }
}

function invalid(what: string, why: string, cause?: unknown): AgentError {
  return new AgentError('download-invalid', `the ${what} that the coordinator named cannot be used: ${why}`, cause);
}
