import { openOnnxModel, type OnnxArray, type OnnxModel, type OnnxPort } from '@noren/tensor/onnx';

import type { ItemModel } from './item-model.ts';
import { asModelError } from './model-error.ts';
import type { ModelFolder } from './model-folder.ts';
import type { ModelSettings, WantedSettings } from './model-settings.ts';
import { chooseOutput, pooled, toUnitLength } from './pooling.ts';
import { openTokenizer, type TextTokenizer, type Tokens } from './tokenise.ts';

/** Tokens of one run, padding included: attention takes memory with its square. */
const TOKENS_AT_ONCE = 4096;
const ROWS_AT_ONCE = 64;

const INPUTS: ReadonlySet<string> = new Set(['input_ids', 'attention_mask', 'token_type_ids']);

/** Sides that the model fixes, null where it takes any. */
interface Sides {
  readonly rows: number | null;
  readonly tokens: number | null;
}

/** Opens the folder's model for texts and tries it. Throws DatasetError `model-invalid`. */
export async function openTextModel(
  folder: ModelFolder,
  wanted: WantedSettings,
  threads: number | undefined,
): Promise<ItemModel<string>> {
  let model: OnnxModel | null = null;
  try {
    model = await openOnnxModel(folder.graph, { threads });
    const sides = sidesOf(model.inputs);
    const tokenizer = openTokenizer(folder, Math.min(wanted.maximumTokens, sides.tokens ?? Infinity));
    const settings = { ...wanted, ...chooseOutput(model.outputs, 'text', wanted) };
    const opened = new TextModel(folder, model, settings, sides, tokenizer);
    await opened.try();
    return opened;
  } catch (error) {
    await model?.close();
    throw asModelError(error, folder.label);
  }
}

class TextModel implements ItemModel<string> {
  readonly settings: ModelSettings;
  width = 0;
  readonly #folder: ModelFolder;
  readonly #model: OnnxModel;
  readonly #tokenizer: TextTokenizer;
  readonly #sides: Sides;
  readonly #hasMask: boolean;

  constructor(folder: ModelFolder, model: OnnxModel, settings: ModelSettings, sides: Sides, tokenizer: TextTokenizer) {
    this.settings = settings;
    this.#folder = folder;
    this.#model = model;
    this.#sides = sides;
    this.#tokenizer = tokenizer;
    this.#hasMask = model.inputs.some(({ name }) => name === 'attention_mask');
  }

  async try(): Promise<void> {
    const [vector] = await this.#run([this.#tokens('a')]);
    this.width = vector?.length ?? 0;
  }

  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    try {
      const vectors: Float32Array[] = [];
      let batch: Tokens[] = [];
      for (const text of texts) {
        const tokens = this.#tokens(text);
        if (batch.length > 0 && !this.#fits([...batch, tokens])) {
          vectors.push(...(await this.#run(batch)));
          batch = [];
        }
        batch.push(tokens);
      }
      if (batch.length > 0) vectors.push(...(await this.#run(batch)));
      return vectors;
    } catch (error) {
      throw asModelError(error, this.#folder.label);
    }
  }

  close(): Promise<void> {
    return this.#model.close();
  }

  #tokens(text: string): Tokens {
    const tokens = this.#tokenizer.tokens(this.settings.prefix + text);
    // A model cannot be run on nothing.
    return tokens.ids.length > 0 ? tokens : { ids: [this.#tokenizer.padId], types: [0] };
  }

  #fits(batch: readonly Tokens[]): boolean {
    if (this.#folder.quantisesDynamically) return false;
    return batch.length <= (this.#sides.rows ?? ROWS_AT_ONCE) && batch.length * this.#length(batch) <= TOKENS_AT_ONCE;
  }

  #length(batch: readonly Tokens[]): number {
    if (this.#sides.tokens !== null) return this.#sides.tokens;
    // Without a mask the model sees the padding (SigLIP): it must be the same for a text whatever its neighbours are.
    if (!this.#hasMask) return this.#tokenizer.maximum;
    return Math.max(...batch.map(({ ids }) => ids.length));
  }

  async #run(batch: readonly Tokens[]): Promise<Float32Array[]> {
    const rows = this.#sides.rows ?? batch.length;
    const length = this.#length(batch);
    const mask = new Uint8Array(rows * length);
    const ids = new Int32Array(rows * length).fill(this.#tokenizer.padId);
    const types = new Int32Array(rows * length);
    for (let row = 0; row < rows; row++) {
      // What fills up a batch of fixed size is another copy of its first text.
      const tokens = batch[row] ?? batch[0]!;
      ids.set(tokens.ids, row * length);
      types.set(tokens.types, row * length);
      mask.fill(1, row * length, row * length + tokens.ids.length);
    }
    const values = { input_ids: ids, attention_mask: Int32Array.from(mask), token_type_ids: types };
    const feeds = Object.fromEntries(
      Object.entries(values).flatMap(([name, data]) => {
        const port = this.#model.inputs.find((input) => input.name === name);
        return port === undefined ? [] : [[name, arrayOf(port, [rows, length], data)]];
      }),
    );
    const { output, pooling, unitLength } = this.settings;
    const found = await this.#model.run(feeds, [output]);
    const vectors = pooled(found[output]!, pooling, rows, pooling === 'mean' ? mask : null).slice(0, batch.length);
    if (unitLength) vectors.forEach(toUnitLength);
    return vectors;
  }
}

function arrayOf({ type }: OnnxPort, shape: readonly number[], data: Int32Array): OnnxArray {
  return { shape, data: type === 'int32' ? data : BigInt64Array.from(data, BigInt) };
}

function sidesOf(inputs: readonly OnnxPort[]): Sides {
  const strange = inputs.find(({ name }) => !INPUTS.has(name));
  if (strange !== undefined) throw new Error(`it wants the input "${strange.name}", which a text does not give`);
  const ids = inputs.find(({ name }) => name === 'input_ids');
  if (ids === undefined) throw new Error('it has no input "input_ids"');
  const other = inputs.find(({ type }) => type !== 'int64' && type !== 'int32');
  if (other !== undefined) throw new Error(`its input "${other.name}" holds ${other.type}, not int64 or int32`);
  const [rows = null, tokens = null] = ids.shape ?? [];
  return { rows, tokens };
}
