import util from 'node:util';

import { tf } from '../engine.ts';

const PACKAGE = '@tensorflow/tfjs-node';

/** Registers the `tensorflow` backend of the optional package; false where it or its native library is absent. */
export async function loadTensorflow(): Promise<boolean> {
  // Version 4.22 calls util.isNullOrUndefined, which Node 23 removed (mended upstream in tfjs#8425, never released).
  const legacy: { isNullOrUndefined?: (value: unknown) => boolean } = util;
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
  const before = tf.getBackend();
  try {
    // Named by a variable because its types exist only where it is installed.
    await import(PACKAGE);
    return tf.findBackend('tensorflow') !== null;
  } catch {
    return false;
  } finally {
    // Loading makes it the current backend; a choice of this package must not change the caller's.
    void tf.setBackend(before);
  }
}
