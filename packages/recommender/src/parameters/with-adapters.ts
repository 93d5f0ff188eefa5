import { adapterFactors, adapterTensors, type PlanAdapters } from '@noren/protocol';
import type { Backbone } from '../backbone/backbone-file.ts';
import type { RecommenderConfig } from '../config/recommender-config.ts';
import { parameterGroups } from './groups.ts';
import { checkValues, type ModelValues } from './values.ts';

/**
 * A backbone under a plan's low-rank adapters; the backbone itself where the plan has none. The backbone knows nothing of
 * adapters: both factors are zeros, and with them the model is the backbone as it was. A plan starts them anew.
 *
 * @throws PlanError when the rank is larger than a matrix allows
 */
export function withAdapters(backbone: Backbone, adapters: PlanAdapters | null): Backbone {
  if (adapters === null) return backbone;
  const config = { ...backbone.config, adapterRank: adapters.rank };
  const tensors = new Map(backbone.tensors);
  const shapes = [...backbone.tensors].map(([name, { shape }]) => [name, shape] as const);
  for (const [name, shape] of adapterTensors(shapes, adapters)) {
    tensors.set(name, { shape, data: new Float32Array(shape[0] * shape[1]) });
  }
  return { config, groups: parameterGroups(config).map(({ name }) => name), tensors };
}

/**
 * The same model without adapters: W + A B in the place of W. What is served, blended and written to disk needs not know
 * that there were any.
 *
 * @throws RecommenderError `values-invalid` when the values are not those of the config
 */
export function mergeAdapters(config: RecommenderConfig, values: ModelValues): Map<string, Float32Array> {
  checkValues(config, values);
  const parameters = parameterGroups({ ...config, adapterRank: 0 }).flatMap(({ tensors }) => tensors);
  return new Map(
    parameters.map(({ name, shape }) => {
      const merged = Float32Array.from(values.get(name) ?? []);
      const factors = adapterFactors(name);
      const [a, b] = [values.get(factors?.a ?? ''), values.get(factors?.b ?? '')];
      if (a !== undefined && b !== undefined) addProduct(merged, { a, b, columns: shape[1] ?? 1 });
      return [name, merged];
    }),
  );
}

/** sum += a b, with a [rows, rank] and b [rank, columns]. */
function addProduct(
  sum: Float32Array,
  { a, b, columns }: { readonly a: Float32Array; readonly b: Float32Array; readonly columns: number },
): void {
  const rank = b.length / columns;
  for (let at = 0; at < sum.length; at += 1) {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let product = 0;
    for (let k = 0; k < rank; k += 1) product += (a[row * rank + k] as number) * (b[k * columns + column] as number);
    sum[at] = (sum[at] as number) + product;
  }
}
