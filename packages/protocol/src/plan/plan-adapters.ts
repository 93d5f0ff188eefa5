import { z } from 'zod';
import { PlanError } from '../protocol-error.ts';

/**
 * Low-rank adapters (LoRA, Hu et al., ICLR 2022): x W becomes x W + (x A) B, with W [inputs, outputs] as the backbone has it,
 * A [inputs, rank] at random and B [rank, outputs] zero. The backbone has none: a plan adds them, as groups of their own.
 */
export interface PlanAdapters {
  /** At most the shorter side of every matrix that is adapted. */
  readonly rank: number;
}

export const MAXIMUM_ADAPTER_RANK = 64;

export const adaptersSchema: z.ZodType<PlanAdapters> = z.strictObject({
  rank: z.int().min(1).max(MAXIMUM_ADAPTER_RANK),
});

/** Every matrix of a block but the keys': attention is queries times keys, so adapted queries change it alone. */
const adaptedMatrix =
  /^(sequence\.block\.\d+)\.(?:attention\/(query|value|output)|feedforward\/(inner|outer))\.weight$/;
const adaptedGroup = /^(sequence\.block\.\d+)\.(?:attention|feedforward)$/;

/** The tensors that adapt a matrix, by the matrix's own tensor name; null where it is not adapted. */
export function adapterFactors(matrix: string): { readonly a: string; readonly b: string } | null {
  const [, block, attention, feedForward] = adaptedMatrix.exec(matrix) ?? [];
  if (block === undefined) return null;
  const name = attention ?? feedForward;
  return { a: `${block}.adapter.a/${name}`, b: `${block}.adapter.b/${name}` };
}

/**
 * Shapes of all adapters of a model with these tensors, by tensor name; none where the plan has none.
 * Throws PlanError when the rank is larger than a matrix allows.
 */
export function adapterTensors(
  model: Iterable<readonly [name: string, shape: readonly number[]]>,
  adapters: PlanAdapters | null,
): Map<string, readonly [rows: number, columns: number]> {
  const found = new Map<string, readonly [number, number]>();
  if (adapters === null) return found;
  const { rank } = adapters;
  for (const [name, [inputs = 0, outputs = 0]] of model) {
    const factors = adapterFactors(name);
    if (factors === null) continue;
    const largest = Math.min(inputs, outputs);
    if (rank > largest) {
      throw new PlanError(
        'adapters.rank',
        `Adapters of rank ${rank} are larger than the backbone's ${name}, which is ${inputs} by ${outputs}. ` +
          `Give "adapters" a rank of at most ${largest}.`,
      );
    }
    found.set(factors.a, [inputs, rank]).set(factors.b, [rank, outputs]);
  }
  return found;
}

/** The groups of a plan's adapters, for a backbone with these groups. */
export function adapterGroups(backboneGroups: readonly string[], adapters: PlanAdapters | null): readonly string[] {
  if (adapters === null) return [];
  const blocks = new Set(backboneGroups.flatMap((name) => adaptedGroup.exec(name)?.[1] ?? []));
  return [...blocks].flatMap((block) => [`${block}.adapter.a`, `${block}.adapter.b`]);
}

/** Whether a group holds adapters. */
export function isAdapterGroup(group: string): boolean {
  return /\.adapter\.[ab]$/.test(group);
}
