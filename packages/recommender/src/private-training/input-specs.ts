import type { InputSpec } from '@noren/tensor';
import type { BatchShape } from '../study/batches.ts';

/** The shapes of what `lossesByHistory` reads, for a graph that is compiled before the first batch. */
export function inputSpecs({ rows, length, places, candidates }: BatchShape): Record<string, InputSpec> {
  return {
    histories: { shape: [rows, length], dtype: 'int32' },
    places: { shape: [places], dtype: 'int32' },
    targets: { shape: [places], dtype: 'int32' },
    weights: { shape: [places], dtype: 'float32' },
    excluded: { shape: [places, candidates], dtype: 'float32' },
  };
}
