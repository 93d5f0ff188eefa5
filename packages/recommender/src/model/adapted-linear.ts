import { adapterFactors } from '@noren/protocol';
import { linear, tf } from '@noren/tensor';
import { parameter, type Forward } from './forward.ts';

/**
 * x W + b by the parameters `<name>.weight` and, where there is one, `<name>.bias`; and (x A) B beside it where the model has
 * adapters on W (LoRA). A B is never formed: two thin products cost less, and each has a gradient for every single example.
 */
export function adaptedLinear(forward: Forward, name: string, x: tf.Tensor): tf.Tensor {
  const product = linear(x, parameter(forward, `${name}.weight`), forward.parameters[`${name}.bias`]);
  const factors = forward.config.adapterRank === 0 ? null : adapterFactors(`${name}.weight`);
  if (factors === null) return product;
  return tf.add(product, linear(linear(x, parameter(forward, factors.a)), parameter(forward, factors.b)));
}
