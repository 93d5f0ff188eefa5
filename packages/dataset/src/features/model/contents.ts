import { readFile } from 'node:fs/promises';

import { DatasetError } from '../../errors.ts';
import type { CatalogueItem } from '../../retail-data.ts';
import type { EncodedModality } from '../encoder.ts';
import { openImageModel } from './image-model.ts';
import type { ItemModel } from './item-model.ts';
import type { ModelFolder } from './model-folder.ts';
import type { WantedSettings } from './model-settings.ts';
import { openTextModel } from './text-model.ts';

/** Something that a model makes one vector of, and the items that have it. */
export interface Content<Value> {
  readonly items: number[];
  readonly load: () => Promise<Value>;
  /** The file it comes from; absent for what comes with the catalogue. */
  readonly file?: string;
}

/** What a modality's models take. */
export interface ContentKind<Value> {
  readonly modality: EncodedModality;
  /** How many are loaded at once; a run of the model takes fewer. */
  readonly step: number;
  /** For progress: what is being done. */
  readonly work: string;
  readonly open: (
    folder: ModelFolder,
    wanted: WantedSettings,
    threads: number | undefined,
  ) => Promise<ItemModel<Value>>;
  /** Of the items that have the modality; equal ones once. */
  readonly of: (catalogue: readonly CatalogueItem[]) => Content<Value>[];
}

export const TEXTS: ContentKind<string> = {
  modality: 'text',
  step: 64,
  work: 'encoding texts',
  open: openTextModel,
  of: (catalogue) =>
    distinct(catalogue, ({ text }) => text.trim())
      // Texts of a run are padded to the longest.
      .toSorted(([a], [b]) => a.length - b.length)
      .map(([text, items]) => ({ items, load: () => Promise.resolve(text) })),
};

export const IMAGES: ContentKind<Uint8Array> = {
  modality: 'image',
  step: 16,
  work: 'encoding images',
  open: openImageModel,
  of: (catalogue) =>
    distinct(catalogue, ({ imagePath }) => imagePath ?? '').map(([path, items]) => ({
      items,
      load: () =>
        readFile(path).catch((error: unknown) => {
          throw new DatasetError('image-missing', 'the image file cannot be read', { file: path }, REMEDY, error);
        }),
      file: path,
    })),
};

/** What is wrong with a content of which the model could make nothing. */
export function unreadable<Value>({ file = '' }: Content<Value>): DatasetError {
  const what = 'the image cannot be decoded, or is smaller than the model takes';
  return new DatasetError('image-corrupt', what, { file }, REMEDY);
}

const REMEDY = 'Replace the file, or leave the item without an image';

/** Items by what they have, but for those that have nothing. */
function distinct(
  catalogue: readonly CatalogueItem[],
  having: (item: CatalogueItem) => string,
): [value: string, items: number[]][] {
  const found = new Map<string, number[]>();
  for (const [number, item] of catalogue.entries()) {
    const value = having(item);
    if (value === '') continue;
    const items = found.get(value);
    if (items === undefined) found.set(value, [number]);
    else items.push(number);
  }
  return [...found];
}
