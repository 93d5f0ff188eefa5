import { tf } from '../engine.ts';
import { applyParameter } from '../per-example/parameter-use.ts';
import { withGradient } from './with-gradient.ts';

/**
 * Rows of a table [n, ...row] at int32 indices of any shape: [...indices, ...row]. Its gradient adds rows up in one
 * scatter; that of tf.gather walks the whole table once per index on the JavaScript backend.
 */
export function gatherRows(table: tf.Tensor, indices: tf.Tensor): tf.Tensor {
  return applyParameter(table, { kind: 'rows', examples: indices.shape[0] ?? 1, input: indices }, (own) =>
    withGradient(
      [own],
      ([rows]) => ({ value: tf.gather(rows, indices), saved: [indices] }),
      (dy, [places]) => [tf.scatterND(tf.expandDims(places, -1), dy, table.shape)],
    ),
  );
}
