import type { RecommenderConfig } from '../config/recommender-config.ts';
import { parameterGroups } from '../parameters/groups.ts';
import type { ModelValues } from '../parameters/values.ts';

/**
 * |g| / |theta| of every parameter group: the relative gradient norm of Auto-RGN (Lee et al. 2023, "Surgical fine-tuning
 * improves adaptation to distribution shifts"). Where it is large, what the group knows fits this site's data least.
 * Infinite for a group of zeros that has a gradient.
 *
 * @param gradient of the loss, by tensor
 */
export function relativeGradients(
  config: RecommenderConfig,
  values: ModelValues,
  gradient: ReadonlyMap<string, ArrayLike<number>>,
): Map<string, number> {
  return new Map(
    parameterGroups(config).map(({ name, tensors }) => {
      const norm = (of: ReadonlyMap<string, ArrayLike<number>>): number =>
        Math.sqrt(tensors.reduce((sum, tensor) => sum + squares(of.get(tensor.name) ?? []), 0));
      const slope = norm(gradient);
      return [name, slope === 0 ? 0 : slope / norm(values)];
    }),
  );
}

function squares(values: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += (values[at] as number) ** 2;
  return sum;
}
