import { DatasetError } from '../errors.ts';
import type { RandomStream } from '../random.ts';
import type { Encoder, FittedEncoder } from './encoder.ts';
import type { FeatureTensor } from './feature-tensor.ts';
import { encodeImages, fitImageEncoder } from './image-encoder.ts';
import { encodeTexts, fitTextEncoder } from './text-encoder.ts';

/** Needs nothing but the texts: hashed terms, projected. */
export function builtInTextEncoder(dimension: number, random: RandomStream): Encoder {
  return {
    fit: (catalogue) => {
      const texts = catalogue.map((item) => item.text);
      return Promise.resolve({
        description: { kind: 'built-in', dimension },
        tensors: { ...fitTextEncoder(texts, dimension, random) },
      });
    },
    encode: (fitted, catalogue) => {
      const encoder = { idf: tensor(fitted, 'idf'), projection: tensor(fitted, 'projection') };
      const texts = catalogue.map((item) => item.text);
      return Promise.resolve(encodeTexts(encoder, texts));
    },
  };
}

/** Needs nothing but the images: descriptors without learned weights, projected. */
export function builtInImageEncoder(dimension: number, random: RandomStream): Encoder {
  return {
    fit: async (catalogue, o) => {
      const paths = catalogue.flatMap((item) => (item.imagePath === null ? [] : [item.imagePath]));
      const tensors = { ...(await fitImageEncoder(paths, dimension, random, o)) };
      return { description: { kind: 'built-in', dimension }, tensors };
    },
    encode: (fitted, catalogue, o) => {
      const encoder = {
        mean: tensor(fitted, 'mean'),
        scale: tensor(fitted, 'scale'),
        projection: tensor(fitted, 'projection'),
      };
      const paths = catalogue.map((item) => item.imagePath);
      return encodeImages(encoder, paths, o);
    },
  };
}

function tensor({ tensors }: FittedEncoder, name: string): FeatureTensor {
  const found = tensors[name];
  if (found !== undefined) return found;
  const remedy = 'Ask headquarters for the backbone again';
  throw new DatasetError('featuriser-invalid', `the encoder's tensor "${name}" is missing`, {}, remedy);
}
