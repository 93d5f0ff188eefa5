import type { ItemFeatures } from '@noren/dataset';
import { compileInference, tf } from '@noren/tensor';
import type { ModalityName } from '../config/recommender-config.ts';
import type { RuntimeOptions } from '../training/trainer.ts';

export interface HistoryWeights {
  /** How many of a history's last items are read; default all. */
  readonly window?: number;
  /** The d-th last item of a history weighs d^-recency; default 1. */
  readonly recency?: number;
}

/** Items by what describes them. */
export interface ContentNeighbours {
  /** Histories scored at a time. */
  readonly batch: number;
  /** A row of [items] for each history: the sum of cosines to its items, later ones weighing more. */
  scores(histories: readonly Int32Array[], o?: HistoryWeights): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}

const BATCH = 64;

/**
 * Cosines are taken about the mean of the catalogue: features of pretrained encoders share a large common part, with which
 * all items look alike. Several modalities weigh alike; one that an item lacks counts nothing.
 */
export async function contentNeighbours(
  features: ItemFeatures,
  modalities: readonly ModalityName[],
  runtime: RuntimeOptions = {},
): Promise<ContentNeighbours> {
  const { items } = features;
  const { width, vectors } = unitVectors(features, modalities);
  const inference = await compileInference(
    (_, { wanted = tf.scalar(0) }, { catalogue = tf.scalar(0) }) => ({
      scores: tf.matMul(wanted, catalogue, false, true),
    }),
    { parameters: [], constants: { catalogue: { shape: [items, width], data: vectors } }, ...runtime },
  );
  inference.load(new Map());
  return {
    batch: BATCH,
    scores: async (histories, { window = Number.POSITIVE_INFINITY, recency = 1 } = {}) => {
      const wanted = new Float32Array(BATCH * width);
      histories.forEach((history, row) => {
        for (let distance = 1; distance <= Math.min(window, history.length); distance += 1) {
          const start = (history[history.length - distance] as number) * width;
          const weight = distance ** -recency;
          for (let at = 0, to = row * width; at < width; at += 1, to += 1) {
            wanted[to] = (wanted[to] as number) + weight * (vectors[start + at] as number);
          }
        }
      });
      const { scores } = await inference.run({ wanted: { shape: [BATCH, width], data: wanted } });
      const data = scores?.data as Float32Array;
      return histories.map((_, row) => data.subarray(row * items, (row + 1) * items));
    },
    close: () => inference.dispose(),
  };
}

/** [items, width]: the modalities side by side, each about its mean and of length 1; zeros where one is missing. */
function unitVectors(
  features: ItemFeatures,
  modalities: readonly ModalityName[],
): { readonly width: number; readonly vectors: Float32Array } {
  const { items } = features;
  const width = modalities.reduce((sum, modality) => sum + features[modality].dimension, 0);
  const vectors = new Float32Array(items * width);
  let from = 0;
  for (const modality of modalities) {
    const { data, dimension, present } = features[modality];
    const mean = meanOfPresent(data, present, dimension);
    for (let item = 0; item < items; item += 1) {
      if (present[item] === 0) continue;
      const centred = data.subarray(item * dimension, (item + 1) * dimension).map((x, at) => x - (mean[at] as number));
      const length = Math.sqrt(centred.reduce((sum, x) => sum + x * x, 0));
      if (length > 0)
        vectors.set(
          centred.map((x) => x / length),
          item * width + from,
        );
    }
    from += dimension;
  }
  return { width, vectors };
}

function meanOfPresent(data: Float32Array, present: Uint8Array, dimension: number): Float64Array {
  const mean = new Float64Array(dimension);
  const count = present.reduce((sum, has) => sum + has, 0);
  for (let item = 0; item < present.length; item += 1) {
    if (present[item] === 0) continue;
    for (let at = 0; at < dimension; at += 1) {
      mean[at] = (mean[at] as number) + (data[item * dimension + at] as number) / count;
    }
  }
  return mean;
}
