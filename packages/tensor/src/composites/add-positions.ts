import { tf } from '../engine.ts';
import { applyParameter } from '../per-example/parameter-use.ts';

/** x [batch, length, width] plus the first `length` rows of a table [positions, width], the same for every example. */
export function addPositions(x: tf.Tensor, table: tf.Tensor): tf.Tensor {
  const [examples = 0, length = 0] = x.shape;
  return applyParameter(table, { kind: 'positions', examples }, (own) =>
    tf.add(x, tf.slice(own, [0, 0], [length, -1])),
  );
}
