import { createHash } from 'node:crypto';

import { checkDimension, checkFingerprint } from '../agreement.ts';
import type { EncodedModality, Encoder } from '../encoder.ts';
import { WIDEST } from '../feature-source.ts';
import { fitNormalisation, normalise, normalisationTensors, shippedNormalisation } from '../normalise.ts';
import { IMAGES, TEXTS, type ContentKind } from './contents.ts';
import { embedCatalogue } from './embed-catalogue.ts';
import type { ItemModel } from './item-model.ts';
import { modelInvalid } from './model-error.ts';
import { readModelFolder } from './model-folder.ts';
import { wantedSettings, type ModelSettings } from './model-settings.ts';
import type { ModelSource } from './model-source.ts';

/** Another number wherever the same model would give other vectors, so that cached ones of an older kind are not used. */
const VERSION = 1;

/** Features that a neural model on this machine makes, normalised. */
export function modelEncoder(modality: EncodedModality, source: ModelSource): Encoder {
  return modality === 'text' ? encoderOf(TEXTS, source) : encoderOf(IMAGES, source);
}

/**
 * Opens the model that the source names and tries it. Throws DatasetError `file-missing` or `model-invalid`.
 */
export async function tryModel(modality: EncodedModality, source: ModelSource, base: string): Promise<void> {
  const folder = await readModelFolder(source, modality, base);
  const { open } = modality === 'text' ? TEXTS : IMAGES;
  const model = await open(folder, wantedSettings(source), undefined);
  await model.close();
}

function encoderOf<Value extends string | Uint8Array>(kind: ContentKind<Value>, source: ModelSource): Encoder {
  return {
    fit: async (catalogue, o) => {
      const folder = await readModelFolder(source, kind.modality, o.base);
      const model = await kind.open(folder, wantedSettings(source), o.threads);
      try {
        const { settings, width } = model;
        if (width > WIDEST) throw modelInvalid(`it gives ${width} numbers; at most ${WIDEST} are used`, folder.label);
        const name = cacheName(kind, folder.fingerprint, settings);
        const embedding = { kind, width, name, model: () => Promise.resolve(model), label: folder.label };
        const features = await embedCatalogue(embedding, catalogue, o);
        const how = source.normalise ?? 'standardised';
        const { fingerprint } = folder;
        return {
          description: { kind: 'model', name: folder.name, fingerprint, settings, dimension: width, normalise: how },
          tensors: normalisationTensors(fitNormalisation(how, features)),
        };
      } finally {
        await model.close();
      }
    },
    encode: async ({ description, tensors }, catalogue, o) => {
      if (description.kind !== 'model') throw new TypeError('This encoder was fitted by another kind.');
      const { settings, dimension: width } = description;
      const folder = await readModelFolder(source, kind.modality, o.base);
      checkFingerprint(kind.modality, description, folder.fingerprint);
      let opened: ItemModel<Value> | null = null;
      const model = async (): Promise<ItemModel<Value>> => {
        if (opened !== null) return opened;
        opened = await kind.open(folder, settings, o.threads);
        checkDimension(kind.modality, description, opened.width);
        return opened;
      };
      try {
        const name = cacheName(kind, folder.fingerprint, settings);
        const features = await embedCatalogue({ kind, width, name, model, label: folder.label }, catalogue, o);
        normalise(description.normalise, shippedNormalisation(tensors), features);
        return features;
      } finally {
        await closeIfOpen(opened);
      }
    },
  };
}

// A function of its own, because the compiler does not see that a closure assigns.
async function closeIfOpen<Value>(model: ItemModel<Value> | null): Promise<void> {
  await model?.close();
}

function cacheName<Value>({ modality }: ContentKind<Value>, fingerprint: string, settings: ModelSettings): string {
  const { pooling, output, unitLength, prefix, maximumTokens } = settings;
  const own = JSON.stringify([VERSION, modality, fingerprint, pooling, output, unitLength, prefix, maximumTokens]);
  return `model-${createHash('sha256').update(own).digest('hex').slice(0, 32)}`;
}
