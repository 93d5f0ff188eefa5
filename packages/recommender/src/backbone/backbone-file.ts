import { readSafetensors, writeSafetensors, type TensorFile, type TensorMap } from '@noren/tensor/safetensors';
import { z } from 'zod';
import { recommenderConfigSchema, type RecommenderConfig } from '../config/recommender-config.ts';
import { RecommenderError } from '../errors.ts';
import { parameterGroups } from '../parameters/groups.ts';

/** The pretrained model headquarters lends to every site. */
export interface Backbone {
  readonly config: RecommenderConfig;
  /** Every parameter, and the frozen encoders `featuriser.*` that turn a catalogue into features. */
  readonly tensors: TensorMap;
  /** Names of the parameter groups, in model order. */
  readonly groups: readonly string[];
}

const featuriserPrefix = 'featuriser.';

const descriptionSchema = z.strictObject({
  kind: z.literal('backbone'),
  version: z.literal(1),
  config: recommenderConfigSchema,
  groups: z.array(z.string().max(128)).max(512),
});

/** @throws RecommenderError `backbone-invalid`, or `backbone-invalid` with a TensorError as its cause. */
export function readBackbone(bytes: Uint8Array): Backbone {
  let file: TensorFile;
  try {
    file = readSafetensors(bytes);
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : 'it is not a tensor file', cause);
  }
  const description = parseDescription(file.metadata['noren']);
  const backbone = { config: description.config, tensors: file.tensors, groups: description.groups };
  checkBackbone(backbone);
  return backbone;
}

/** Canonical: equal backbones give equal bytes and so the same content address. */
export function writeBackbone(backbone: Backbone): Uint8Array {
  checkBackbone(backbone);
  const { config, groups } = backbone;
  const description = { kind: 'backbone', version: 1, config: recommenderConfigSchema.parse(config), groups };
  return writeSafetensors({ tensors: backbone.tensors, metadata: { noren: JSON.stringify(description) } });
}

function parseDescription(text: string | undefined): z.infer<typeof descriptionSchema> {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch (cause) {
    throw invalid('its metadata has no readable "noren" description', cause);
  }
  const parsed = descriptionSchema.safeParse(value);
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error), parsed.error);
  return parsed.data;
}

function checkBackbone({ config, tensors, groups }: Backbone): void {
  if (config.identity !== 0) {
    throw invalid('it holds vectors of single items, which mean nothing in the catalogue of a site');
  }
  if (config.adapterRank !== 0) throw invalid('it holds adapters, which are part of a plan');
  const expected = parameterGroups(config);
  const names = expected.map(({ name }) => name);
  if (groups.length !== names.length || groups.some((name, at) => name !== names[at])) {
    throw invalid(`it lists the groups ${groups.join(', ')}; its config needs ${names.join(', ')}`);
  }
  const parameters = expected.flatMap((group) => group.tensors);
  for (const { name, shape } of parameters) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw invalid(`${name} is missing`);
    if (tensor.shape.length !== shape.length || tensor.shape.some((length, axis) => length !== shape[axis])) {
      throw invalid(`${name} has shape [${tensor.shape.join(', ')}] instead of [${shape.join(', ')}]`);
    }
  }
  const known = new Set(parameters.map(({ name }) => name));
  for (const [name, { data }] of tensors) {
    if (!known.has(name) && !name.startsWith(featuriserPrefix)) throw invalid(`${name} is no tensor of its model`);
    if (!data.every(Number.isFinite)) throw invalid(`${name} holds a value that is not a finite number`);
  }
}

function invalid(what: string, cause?: unknown): RecommenderError {
  return new RecommenderError(
    'backbone-invalid',
    `The backbone file is invalid: ${what}. Use a file written by this version's pretraining.`,
    cause,
  );
}
