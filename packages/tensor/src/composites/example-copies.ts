import { tf } from '../engine.ts';
import { applyParameter } from '../per-example/parameter-use.ts';

/**
 * A parameter once for each example, [examples, ...shape]. What is then computed from an example's own copy may be anything,
 * and the gradient by the copy is that example's gradient: for small parameters that act on something all examples read, where no
 * other composite can tell the examples apart.
 */
export function exampleCopies(parameter: tf.Tensor, examples: number): tf.Tensor {
  return applyParameter(parameter, { kind: 'copies', examples }, (own) =>
    tf.add(tf.zeros([examples, ...parameter.shape]), tf.expandDims(own, 0)),
  );
}
