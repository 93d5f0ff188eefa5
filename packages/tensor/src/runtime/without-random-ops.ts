import { tf } from '../engine.ts';
import { TensorError } from '../error.ts';

const RANDOM_OPS = new Set([
  'dropout',
  'multinomial',
  'rand',
  'randomGamma',
  'randomNormal',
  'randomStandardNormal',
  'randomUniform',
  'randomUniformInt',
  'truncatedNormal',
]);

/**
 * Refuses tfjs' own randomness inside `body`. tfjs draws random numbers in JavaScript while a function is
 * traced, so every step would see the same ones: a silent error, made loud, and on every runtime alike. Every tfjs op opens a scope under its own name, which is the one place they all pass.
 */
export function withoutRandomOps<T>(body: () => T): T {
  const engine = tf.engine();
  const startScope = engine.startScope.bind(engine);
  engine.startScope = (name) => {
    const op = name?.replace(/__op$/, '');
    if (op !== undefined && RANDOM_OPS.has(op)) {
      throw new TensorError(
        'random-op',
        `The compiled function calls tf.${op}, whose random numbers would be the same at every step. Use the noise argument: noise.dropout(x, rate) or noise.normal(shape).`,
      );
    }
    startScope(name);
  };
  try {
    return body();
  } finally {
    engine.startScope = startScope;
  }
}
