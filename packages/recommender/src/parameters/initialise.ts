import { seededRandom } from '../random/seeded-random.ts';
import type { ModelParameter } from './groups.ts';

/** Fresh values of one parameter. Each has its own random stream, so what else is re-initialised does not matter. */
export function initialValues(parameter: ModelParameter, seed: number): Float32Array {
  const values = new Float32Array(parameter.shape.reduce((size, length) => size * length, 1));
  const { initial } = parameter;
  if (initial.kind === 'constant') return values.fill(initial.value);
  const random = seededRandom(seed, parameter.name);
  for (let at = 0; at < values.length; at += 1) values[at] = initial.deviation * random.normal();
  return values;
}
