import type { Encoder } from './encoder.ts';

/** The modality is missing at every item. */
export const noEncoder: Encoder = {
  // One number wide, because a model's input cannot be of width 0.
  fit: () => Promise.resolve({ description: { kind: 'none', dimension: 1 }, tensors: {} }),
  encode: ({ description: { dimension } }, catalogue) =>
    Promise.resolve({
      dimension,
      data: new Float32Array(catalogue.length * dimension),
      present: new Uint8Array(catalogue.length),
    }),
};
