import * as tf from '@tensorflow/tfjs';

import { TensorError } from './error.ts';

export { tf };

// The pure JavaScript backend greets its first user on stderr with an advertisement for another backend. Its own flag
// for "already greeted" is the narrowest switch: production mode would also turn off argument checks.
use('cpu');
const cpu: unknown = tf.findBackend('cpu');
if (typeof cpu === 'object' && cpu !== null && 'firstUse' in cpu) cpu.firstUse = false;

/**
 * Runs `body` with another tfjs backend and puts the previous one back. Synchronous, because tfjs has one current
 * backend per thread; everything created inside and not returned is freed.
 */
export function runOn<T extends tf.TensorContainer>(backend: string, body: () => T): T {
  const previous = tf.getBackend() ?? 'cpu';
  use(backend);
  try {
    return tf.tidy(body);
  } finally {
    use(previous);
  }
}

/** For backends without asynchronous set-up, tfjs finishes the switch before it returns its promise. */
function use(backend: string): void {
  void tf.setBackend(backend);
  if (tf.getBackend() !== backend)
    throw new TensorError('engine-missing', `The tfjs backend "${backend}" cannot start.`);
}
