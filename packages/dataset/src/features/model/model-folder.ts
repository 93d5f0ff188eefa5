import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { externalDataFiles } from '@noren/tensor/onnx';

import { DatasetError } from '../../errors.ts';
import type { EncodedModality } from '../encoder.ts';
import { modelInvalid } from './model-error.ts';
import type { ModelSource } from './model-source.ts';

/** A tokenizer of 256,000 words takes about 35 MB. */
const LARGEST_JSON = 128 * 2 ** 20;
const DEFAULT_GRAPHS = ['onnx/model.onnx', 'model.onnx'];

/** What is read beside the model itself, in a fixed order. Optional files count where they exist. */
const READ: Readonly<Record<EncodedModality, readonly { readonly name: string; readonly optional?: boolean }[]>> = {
  text: [{ name: 'config.json' }, { name: 'tokenizer.json' }, { name: 'tokenizer_config.json', optional: true }],
  image: [{ name: 'preprocessor_config.json' }],
};

/** The files that a model is made of. */
export interface ModelFolder {
  /** As the mapping writes it, for messages. */
  readonly label: string;
  /** The folder's own name. */
  readonly name: string;
  readonly graph: string;
  /** SHA-256 (hex) over everything that the features depend on. */
  readonly fingerprint: string;
  /**
   * The items of one run decide on each other's numbers: activations are rounded on a scale that the largest of the
   * whole run sets. Such a model is run one item at a time, or features would depend on their neighbours.
   */
  readonly quantisesDynamically: boolean;
  /** Parsed, by file name; an optional file that does not exist is left out. */
  readonly json: ReadonlyMap<string, unknown>;
}

/** Paths that a model may be read from, whether they exist or not. */
export function modelFiles(source: ModelSource, base: string): string[] {
  const folder = resolve(base, source.folder);
  const others = [...READ.text, ...READ.image].map(({ name }) => name);
  const graphs = graphsOf(source).flatMap((graph) => [graph, `${graph}_data`]);
  return [...graphs, ...others].map((name) => join(folder, name));
}

/** Throws DatasetError `file-missing` or `model-invalid`. Reads the model once, to know it by its content. */
export async function readModelFolder(
  source: ModelSource,
  modality: EncodedModality,
  base: string,
): Promise<ModelFolder> {
  const folder = resolve(base, source.folder);
  const label = source.folder;
  if (!(await isThere(folder, 'folder'))) throw missing('the folder does not exist', label);
  const graph = await graphIn(folder, source);
  const hash = createHash('sha256');
  const json = new Map<string, unknown>();
  for (const { name, optional } of READ[modality]) {
    const path = join(folder, name);
    if (!(await isThere(path, 'file'))) {
      if (optional === true) continue;
      throw missing(`the model's ${name} is missing`, label);
    }
    const bytes = await readJson(path, join(label, name));
    json.set(name, parsed(bytes, join(label, name)));
    hash.update(`${name} ${createHash('sha256').update(bytes).digest('hex')}\n`);
  }
  const model = await inspect(graph);
  hash.update(`graph ${model.hash}\n`);
  for (const path of await externalDataFiles(graph)) hash.update(`${basename(path)} ${(await inspect(path)).hash}\n`);
  return {
    label,
    name: basename(folder).slice(0, 128) || 'model',
    graph,
    json,
    fingerprint: hash.digest('hex'),
    quantisesDynamically: model.quantisesDynamically,
  };
}

function graphsOf(source: ModelSource): readonly string[] {
  return source.file === undefined ? DEFAULT_GRAPHS : [source.file];
}

async function graphIn(folder: string, source: ModelSource): Promise<string> {
  for (const name of graphsOf(source)) {
    const path = join(folder, name);
    if (await isThere(path, 'file')) return path;
  }
  throw missing(`the model's ${graphsOf(source).join(' or ')} is missing`, source.folder);
}

async function isThere(path: string, kind: 'file' | 'folder'): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && (kind === 'file' ? found.isFile() : found.isDirectory());
}

async function readJson(path: string, label: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > LARGEST_JSON) throw modelInvalid(`it is larger than ${LARGEST_JSON} bytes`, label);
  return readFile(path).catch((error: unknown) => {
    throw modelInvalid('the file cannot be read', label, error);
  });
}

function parsed(bytes: Uint8Array, label: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw modelInvalid('it is no JSON', label, error);
  }
}

/** Begins the names of operators, which stand in the file as they are. */
const DYNAMIC = 'DynamicQuantize';

/** In pieces: a model may take gigabytes. */
async function inspect(path: string): Promise<{ readonly hash: string; readonly quantisesDynamically: boolean }> {
  const hash = createHash('sha256');
  let quantisesDynamically = false;
  let end = Buffer.alloc(0);
  for await (const read of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    const piece = read as Buffer;
    hash.update(piece);
    quantisesDynamically ||= piece.includes(DYNAMIC) || Buffer.concat([end, piece.subarray(0, 32)]).includes(DYNAMIC);
    end = Buffer.from(piece.subarray(-32));
  }
  return { hash: hash.digest('hex'), quantisesDynamically };
}

function missing(what: string, file: string): DatasetError {
  const remedy = 'Copy the whole model folder, or correct the path in the mapping';
  return new DatasetError('file-missing', what, { file }, remedy);
}
