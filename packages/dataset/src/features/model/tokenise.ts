import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';

import { modelInvalid } from './model-error.ts';
import type { ModelFolder } from './model-folder.ts';

export interface Tokens {
  readonly ids: readonly number[];
  /** Segment of each token, for models that want it. */
  readonly types: readonly number[];
}

export interface TextTokenizer {
  readonly maximum: number;
  readonly padId: number;
  /** At most `maximum` tokens, special ones included: a text is cut at its end and keeps the closing token. */
  tokens(text: string): Tokens;
}

const token = z.union([z.string(), z.looseObject({ content: z.string() })]);
const positions = z.looseObject({ max_position_embeddings: z.number().optional() });
const config = positions.extend({
  model_type: z.string().optional(),
  pad_token_id: z.int().nullish(),
  text_config: positions.optional(),
});
const tokenizerConfig = z.looseObject({ model_max_length: z.number().optional(), pad_token: token.nullish() });
const tokenizer = z.looseObject({
  model: z.looseObject({}),
  decoder: z.unknown().optional(),
  truncation: z.looseObject({ max_length: z.int().optional() }).nullish(),
  padding: z.looseObject({ pad_id: z.int().optional() }).nullish(),
});

/**
 * The tokenizer of a model folder (the files of Hugging Face's tokenizers). Throws DatasetError `model-invalid`.
 */
export function openTokenizer({ json, label }: ModelFolder, maximumTokens: number): TextTokenizer {
  const own = read(tokenizer, json, 'tokenizer.json', label);
  const settings = read(tokenizerConfig, json, 'tokenizer_config.json', label);
  const model = read(config, json, 'config.json', label);
  const made = attempt('it is no tokenizer that can be used', `${label}/tokenizer.json`, () => {
    const opened = new Tokenizer({ decoder: null, ...own }, settings);
    // Some faults only show when it is used.
    opened.encode('a 1');
    return opened;
  });
  const padToken = typeof settings.pad_token === 'object' ? settings.pad_token?.content : settings.pad_token;
  const named = padToken === undefined ? undefined : made.token_to_id(padToken);
  const padId = own.padding?.pad_id ?? named ?? model.pad_token_id ?? 0;
  const limits = [maximumTokens, own.truncation?.max_length, settings.model_max_length, positionsOf(model)];
  const maximum = Math.floor(Math.min(...limits.map((limit) => limit ?? Infinity)));
  if (maximum < 4) throw modelInvalid(`it takes ${maximum} tokens only`, label);
  return { maximum, padId, tokens: (text) => cut(made, text, maximum) };
}

/** RoBERTa and its kin count positions from the padding token's number on. */
const COUNT_FROM_PADDING: ReadonlySet<string> = new Set(['roberta', 'xlm-roberta', 'camembert', 'mpnet']);

function positionsOf(model: z.infer<typeof config>): number | undefined {
  const held = model.max_position_embeddings ?? model.text_config?.max_position_embeddings;
  if (held === undefined || !COUNT_FROM_PADDING.has(model.model_type ?? '')) return held;
  return held - (model.pad_token_id ?? 1) - 1;
}

function cut(made: Tokenizer, text: string, maximum: number): Tokens {
  const { ids, token_type_ids: types } = made.encode(text, { return_token_type_ids: true });
  if (ids.length <= maximum) return { ids, types };
  const bare = made.encode(text, { add_special_tokens: false }).ids;
  const special = ids.length - bare.length;
  const before = Math.max(0, startOf(bare, ids));
  const end = before + Math.max(0, maximum - special);
  const after = ids.length - (special - before);
  return {
    ids: [...ids.slice(0, end), ...ids.slice(after)],
    types: [...types.slice(0, end), ...types.slice(after)],
  };
}

/** Where the text's own tokens begin among all. */
function startOf(bare: readonly number[], all: readonly number[]): number {
  for (let start = 0; start + bare.length <= all.length; start++)
    if (bare.every((id, at) => all[start + at] === id)) return start;
  return -1;
}

function read<T extends z.ZodType>(schema: T, json: ModelFolder['json'], name: string, label: string): z.output<T> {
  const result = schema.safeParse(json.get(name) ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw modelInvalid(
    `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`,
    `${label}/${name}`,
    result.error,
  );
}

function attempt<T>(what: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw modelInvalid(`${what}: ${error instanceof Error ? error.message : String(error)}`, file, error);
  }
}
