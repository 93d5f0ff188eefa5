import { openOnnxModel, type OnnxModel, type OnnxPort } from '@noren/tensor/onnx';

import { decodePixels, type Pixels } from '../../images/pixels.ts';
import type { ItemModel } from './item-model.ts';
import { asModelError } from './model-error.ts';
import type { ModelFolder } from './model-folder.ts';
import type { ModelSettings, WantedSettings } from './model-settings.ts';
import { chooseOutput, pooled, toUnitLength } from './pooling.ts';
import { readPreprocessing, writeInput, type Preprocessing } from './preprocessing.ts';

const IMAGES_AT_ONCE = 8;

/** Opens the folder's model for images and tries it. Throws DatasetError `model-invalid`. */
export async function openImageModel(
  folder: ModelFolder,
  wanted: WantedSettings,
  threads: number | undefined,
): Promise<ItemModel<Uint8Array>> {
  const preprocessing = readPreprocessing(folder);
  let model: OnnxModel | null = null;
  try {
    model = await openOnnxModel(folder.graph, { threads });
    const input = inputOf(model.inputs, preprocessing);
    const settings = { ...wanted, ...chooseOutput(model.outputs, 'image', wanted) };
    const opened = new ImageModel(folder, model, settings, input, preprocessing);
    await opened.try();
    return opened;
  } catch (error) {
    await model?.close();
    throw asModelError(error, folder.label);
  }
}

class ImageModel implements ItemModel<Uint8Array> {
  readonly settings: ModelSettings;
  width = 0;
  readonly #folder: ModelFolder;
  readonly #model: OnnxModel;
  readonly #input: OnnxPort;
  readonly #preprocessing: Preprocessing;
  /** Images of a run where the model fixes it. */
  readonly #rows: number | null;

  constructor(
    folder: ModelFolder,
    model: OnnxModel,
    settings: ModelSettings,
    input: OnnxPort,
    preprocessing: Preprocessing,
  ) {
    this.settings = settings;
    this.#folder = folder;
    this.#model = model;
    this.#input = input;
    this.#preprocessing = preprocessing;
    this.#rows = input.shape?.[0] ?? null;
  }

  async try(): Promise<void> {
    const { width, height } = this.#preprocessing;
    const [vector] = await this.#run([{ width, height, rgb: new Uint8Array(width * height * 3).fill(255) }]);
    this.width = vector?.length ?? 0;
  }

  async embed(files: readonly Uint8Array[]): Promise<(Float32Array | null)[]> {
    try {
      const decoded = await Promise.all(files.map((bytes) => decodePixels(bytes, this.#preprocessing.pixels)));
      const vectors: (Float32Array | null)[] = decoded.map(() => null);
      const readable = decoded.flatMap((pixels, at) => (pixels === null ? [] : [{ pixels, at }]));
      const step = this.#folder.quantisesDynamically ? 1 : (this.#rows ?? IMAGES_AT_ONCE);
      for (let first = 0; first < readable.length; first += step) {
        const batch = readable.slice(first, first + step);
        const found = await this.#run(batch.map(({ pixels }) => pixels));
        for (const [row, { at }] of batch.entries()) vectors[at] = found[row] ?? null;
      }
      return vectors;
    } catch (error) {
      throw asModelError(error, this.#folder.label);
    }
  }

  close(): Promise<void> {
    return this.#model.close();
  }

  async #run(batch: readonly Pixels[]): Promise<Float32Array[]> {
    const { width, height } = this.#preprocessing;
    const rows = this.#rows ?? batch.length;
    const size = 3 * width * height;
    const data = new Float32Array(rows * size);
    // What fills up a batch of fixed size is another copy of its first image.
    for (let row = 0; row < rows; row++)
      writeInput(batch[row] ?? batch[0]!, this.#preprocessing, data.subarray(row * size, (row + 1) * size));
    const { output, pooling, unitLength } = this.settings;
    const found = await this.#model.run({ [this.#input.name]: { shape: [rows, 3, height, width], data } }, [output]);
    const vectors = pooled(found[output]!, pooling, rows, null).slice(0, batch.length);
    if (unitLength) vectors.forEach(toUnitLength);
    return vectors;
  }
}

function inputOf(inputs: readonly OnnxPort[], { width, height }: Preprocessing): OnnxPort {
  const [input, other] = inputs;
  const strange = other === undefined ? undefined : inputs.find(({ name }) => name !== 'pixel_values');
  if (strange !== undefined) throw new Error(`it wants the input "${strange.name}", which an image does not give`);
  if (input === undefined) throw new Error('it has no input');
  if (input.type !== 'float32') throw new Error(`its input "${input.name}" holds ${input.type}, not float32`);
  const expected = [null, 3, height, width];
  const { shape } = input;
  const differs = shape?.some((side, at) => at > 0 && side !== null && side !== expected[at]) ?? false;
  if (shape !== null && (shape.length !== 4 || differs)) {
    const sides = shape.map((side) => side ?? '?').join(', ');
    throw new Error(`it takes images as [${sides}], but preprocessor_config.json makes [?, 3, ${height}, ${width}]`);
  }
  return input;
}
