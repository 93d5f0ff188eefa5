import type { Backbone } from '../backbone/backbone-file.ts';
import { parameterGroups } from './groups.ts';

/**
 * A backbone over one site's catalogue of `items`, where each item has a vector of its own as well (transductive). The
 * backbone knows nothing of these items: its vectors are zeros, and with them the model is the backbone as it was. None for
 * 0 items.
 */
export function withIdentity(backbone: Backbone, items: number): Backbone {
  const config = { ...backbone.config, identity: items };
  const groups = parameterGroups(config);
  const tensors = new Map(backbone.tensors);
  for (const { name, shape } of groups.flatMap((group) => group.tensors)) {
    if (!tensors.has(name)) tensors.set(name, { shape, data: new Float32Array(items * config.dimension) });
  }
  return { config, groups: groups.map(({ name }) => name), tensors };
}
