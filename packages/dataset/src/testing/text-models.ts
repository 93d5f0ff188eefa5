import { join } from 'node:path';

import { encodeModel, type OnnxGraph, type OnnxNode } from '@noren/tensor/onnx';

import { put } from './fixtures.ts';

const VOCABULARY = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'red', 'blue', 'shirt', 'coat', '##s', 'passage', ':'];

/** What the tiny model says of each word: two numbers. Padding stands out. */
export const WORDS: Readonly<Record<string, readonly [number, number]>> = Object.fromEntries(
  VOCABULARY.map((word, id) => [word, id === 0 ? [1000, -1000] : [id, id * id]]),
);

/** A BERT tokenizer as Hugging Face's tokenizers write it. */
export function bertTokenizer(): Record<string, unknown> {
  const special = (content: string): unknown => ({
    id: VOCABULARY.indexOf(content),
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  });
  const ends = { '[CLS]': special('[CLS]'), '[SEP]': special('[SEP]') };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]'].map(special),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: Object.fromEntries(
        Object.keys(ends).map((id) => [id, { id, ids: [VOCABULARY.indexOf(id)], tokens: [id] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(VOCABULARY.map((word, id) => [word, id])),
    },
  };
}

export interface TextModelChange {
  /** Default: any number of texts of any length. */
  readonly sides?: readonly [number | string, number | string];
  readonly dtype?: 'int32' | 'int64';
  readonly inputs?: readonly string[];
  readonly outputs?: OnnxGraph['outputs'];
  /** What follows the table's rows, `rows`; default: the output `last_hidden_state` is them. */
  readonly nodes?: readonly OnnxNode[];
  /** Number that the word "coat" gets in its first place. */
  readonly coat?: number;
}

/** An ONNX model that looks tokens up in a table. */
export function lookupModel(o: TextModelChange = {}): Uint8Array {
  const {
    sides = ['batch', 'tokens'],
    dtype = 'int64',
    inputs = ['input_ids', 'attention_mask', 'token_type_ids'],
  } = o;
  const table = Float32Array.from(Object.values(WORDS).flat());
  table[VOCABULARY.indexOf('coat') * 2] = o.coat ?? table[VOCABULARY.indexOf('coat') * 2]!;
  return encodeModel({
    inputs: inputs.map((name) => ({ name, shape: sides, dtype })),
    outputs: o.outputs ?? [{ name: 'last_hidden_state', shape: [...sides, 2], dtype: 'float32' }],
    initializers: [
      { name: 'table', shape: [VOCABULARY.length, 2], dtype: 'float32', bytes: new Uint8Array(table.buffer) },
    ],
    nodes: [
      node('Gather', ['table', 'input_ids'], 'rows'),
      ...(o.nodes ?? [node('Identity', ['rows'], 'last_hidden_state')]),
    ],
  });
}

export function node(
  op: string,
  inputs: readonly string[],
  outputs: string | readonly string[],
  attributes: OnnxNode['attributes'] = {},
): OnnxNode {
  return { op, domain: '', inputs, outputs: typeof outputs === 'string' ? [outputs] : outputs, attributes };
}

/** The mean, maximum... of the rows of each text, as the model's own output. */
export function wholeText(op: 'ReduceMean' | 'ReduceMax', output: string): Pick<TextModelChange, 'nodes' | 'outputs'> {
  // Without axes an ONNX reduction takes all; over tokens alone it is a pooling over a whole text.
  return {
    outputs: [{ name: output, shape: ['batch', 2], dtype: 'float32' }],
    nodes: [
      node('Transpose', ['rows'], 'by number', { perm: { kind: 'integers', value: [0, 2, 1] } }),
      node(op === 'ReduceMax' ? 'GlobalMaxPool' : 'GlobalAveragePool', ['by number'], 'pooled'),
      node('Flatten', ['pooled'], output),
    ],
  };
}

/** Writes a folder as exported for transformers.js; `files` replaces or (null) leaves out. */
export function textModelFolder(
  base: string,
  name: string,
  files: Readonly<Record<string, Uint8Array | object | string | null>> = {},
): string {
  const all: Record<string, Uint8Array | object | string | null> = {
    'config.json': { model_type: 'bert', max_position_embeddings: 16, pad_token_id: 0 },
    'tokenizer.json': bertTokenizer(),
    'tokenizer_config.json': { pad_token: '[PAD]', model_max_length: 512 },
    'onnx/model.onnx': lookupModel(),
    ...files,
  };
  for (const [file, content] of Object.entries(all)) {
    if (content === null) continue;
    const isRaw = typeof content === 'string' || content instanceof Uint8Array;
    put(base, join(name, file), isRaw ? content : JSON.stringify(content));
  }
  return name;
}
