import { TensorError } from '../error.ts';

/** Share by which two norms may differ: rounding stays a hundred times below, a mixture of examples far above. */
const TOLERANCE = 1e-3;

/** A different factor in [1, 2) for each example: fractional parts of multiples of the golden ratio. */
export function probeScales(examples: number): Float32Array {
  return Float32Array.from({ length: examples }, (_, i) => 1 + ((i * 0.618_033_988_749_894_9) % 1));
}

/**
 * Whether the gradient recorded for an example stems from its own loss alone: with its loss multiplied by a factor of
 * its own, its norm must follow that factor. Otherwise the norms are not those of single examples, and clipping them
 * bounds nothing.
 *
 * @throws TensorError `invalid-spec`
 */
export function checkIndependence(norms: Float32Array, probed: Float32Array, scales: Float32Array): void {
  const largest = norms.reduce((most, norm) => Math.max(most, norm), 0);
  const mixed = norms.findIndex((norm, i) => {
    const expected = norm * (scales[i] ?? 1);
    return Math.abs((probed[i] ?? 0) - expected) > TOLERANCE * Math.max(expected, TOLERANCE * largest);
  });
  if (mixed < 0) return;
  throw new TensorError(
    'invalid-spec',
    `The gradient of example ${mixed} depends on the loss of another example, so it cannot be clipped on its own. Losses must not mix examples, and trainable parameters must act on tensors whose first axis is the examples.`,
  );
}
