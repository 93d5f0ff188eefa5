import type { RecommenderConfig } from '../config/recommender-config.ts';
import { RecommenderError } from '../errors.ts';
import { parameterGroups } from './groups.ts';

/** A value for every parameter of a model, by tensor name. */
export type ModelValues = ReadonlyMap<string, Float32Array>;

/** @throws RecommenderError `values-invalid` unless there is exactly one finite tensor of the right size for each parameter. */
export function checkValues(config: RecommenderConfig, values: ModelValues): void {
  const parameters = parameterGroups(config).flatMap((group) => group.tensors);
  for (const { name, shape } of parameters) {
    const data = values.get(name);
    const size = shape.reduce((product, length) => product * length, 1);
    if (data === undefined) throw invalid(`${name} is missing`);
    if (data.length !== size) throw invalid(`${name} has ${data.length} values instead of ${size}`);
    if (!data.every(Number.isFinite)) throw invalid(`${name} holds a value that is not a finite number`);
  }
  if (values.size !== parameters.length) {
    const known = new Set(parameters.map(({ name }) => name));
    const extra = [...values.keys()].find((name) => !known.has(name));
    throw invalid(`${extra} is no parameter of this model`);
  }
}

function invalid(what: string): RecommenderError {
  return new RecommenderError(
    'values-invalid',
    `The values do not fit the model: ${what}. Use values made from a backbone with the same config.`,
  );
}
