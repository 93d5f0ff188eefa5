import type { InputSpec } from '@noren/tensor';
import type { BatchShape } from '../study/batches.ts';

/** The shapes of what `nextItemLoss` and its like read, for graphs that are compiled before the first batch. */
export function inputSpecs(shape: BatchShape, items: number): Record<string, InputSpec> {
  const specs: Record<string, InputSpec> = {
    histories: { shape: [shape.rows, shape.length], dtype: 'int32' },
    places: { shape: [shape.places], dtype: 'int32' },
    targets: { shape: [shape.places], dtype: 'int32' },
    weights: { shape: [shape.places], dtype: 'float32' },
    excluded: { shape: [shape.places, shape.candidates], dtype: 'float32' },
  };
  if (shape.candidates < items) specs['candidates'] = { shape: [shape.candidates], dtype: 'int32' };
  if (shape.aligned > 0) {
    specs['aligned'] = { shape: [shape.aligned], dtype: 'int32' };
    specs['alignedWeights'] = { shape: [shape.aligned], dtype: 'float32' };
  }
  return specs;
}
