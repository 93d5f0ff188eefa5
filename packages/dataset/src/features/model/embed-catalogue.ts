import { DatasetError } from '../../errors.ts';
import type { CatalogueItem } from '../../retail-data.ts';
import type { Encoding } from '../encoder.ts';
import type { Modality } from '../featuriser.ts';
import { VectorCache } from '../vector-cache.ts';
import { unreadable, type ContentKind } from './contents.ts';
import type { ItemModel } from './item-model.ts';
import { modelInvalid } from './model-error.ts';

/** Kept in memory at most, 4 GiB. */
const MOST_NUMBERS = 2 ** 30;

export interface Embedding<Value> {
  readonly kind: ContentKind<Value>;
  /** Length of a vector. */
  readonly width: number;
  /** Names the model and how it is used: vectors kept under another name are another model's. */
  readonly name: string;
  /** The model, asked for only where something is not yet known. */
  readonly model: () => Promise<ItemModel<Value>>;
  /** For messages. */
  readonly label: string;
}

/**
 * A vector of every item, from the cache or the model, and kept in the cache as they come: a run that is cut off goes on
 * where it was. An item whose vector is all zeros lacks the modality.
 */
export async function embedCatalogue<Value extends string | Uint8Array>(
  { kind, width, name, model, label }: Embedding<Value>,
  catalogue: readonly CatalogueItem[],
  o: Pick<Encoding, 'cacheFolder' | 'onProgress'>,
): Promise<Modality> {
  if (catalogue.length * width > MOST_NUMBERS)
    throw new DatasetError(
      'too-large',
      `${width} numbers for each of ${catalogue.length} items are more than fits`,
      { file: label },
      'Use a model with fewer numbers, or leave out items that are no longer sold',
    );
  const data = new Float32Array(catalogue.length * width);
  const present = new Uint8Array(catalogue.length);
  const contents = kind.of(catalogue);
  const cache = await VectorCache.open(o.cacheFolder, { name, width });
  try {
    for (let first = 0; first < contents.length; first += kind.step) {
      const step = contents.slice(first, first + kind.step);
      const values = await Promise.all(step.map(({ load }) => load()));
      const hashes = values.map((value) => VectorCache.hash(value));
      const fresh = [...step.keys()].filter((at) => cache.get(hashes[at]!) === undefined);
      if (fresh.length > 0) {
        const vectors = await (await model()).embed(fresh.map((at) => values[at]!));
        for (const [place, at] of fresh.entries()) {
          const vector = vectors[place] ?? null;
          if (vector === null) throw unreadable(step[at]!);
          checkVector(vector, width, label);
          await cache.put(hashes[at]!, vector);
        }
      }
      for (const [at, { items }] of step.entries()) {
        const vector = cache.get(hashes[at]!);
        if (vector === undefined || vector.every((value) => value === 0)) continue;
        for (const item of items) {
          data.set(vector, item * width);
          present[item] = 1;
        }
      }
      o.onProgress(Math.min(first + kind.step, contents.length), contents.length, kind.work);
    }
  } finally {
    await cache.save();
  }
  return { dimension: width, data, present };
}

function checkVector(vector: Float32Array, width: number, label: string): void {
  if (vector.length !== width)
    throw modelInvalid(`it gives ${vector.length} numbers where it gave ${width} before`, label);
  if (!vector.every(Number.isFinite)) throw modelInvalid('it gives numbers that are not finite', label);
}
