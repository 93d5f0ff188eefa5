import { RecommenderError } from '../errors.ts';
import type { ModelValues } from './values.ts';

/**
 * `from` moved towards `to` by `share` in [0, 1], every parameter alike. Models that began from the same values often have
 * a better one between them (WiSE-FT, Wortsman et al. 2022), and it costs no more to serve than either.
 *
 * @throws RecommenderError `values-invalid` when the two have not the same parameters.
 */
export function interpolate(from: ModelValues, to: ModelValues, share: number): Map<string, Float32Array> {
  if (from.size !== to.size) throw unlike();
  return new Map(
    [...from].map(([name, start]) => {
      const end = to.get(name);
      if (end?.length !== start.length) throw unlike();
      return [name, start.map((value, at) => value + share * ((end[at] as number) - value))];
    }),
  );
}

function unlike(): RecommenderError {
  return new RecommenderError('values-invalid', 'The models have different parameters. Blend models of one backbone.');
}
