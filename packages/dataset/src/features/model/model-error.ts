import { TensorError } from '@noren/tensor/onnx';

import { DatasetError } from '../../errors.ts';

/** `what` is one clause about the file or folder, which messages name as the mapping writes it. */
export function modelInvalid(what: string, file: string, cause?: unknown): DatasetError {
  return new DatasetError('model-invalid', what, { file }, 'Export the model again, or correct the mapping', cause);
}

/** Brings what went wrong with a model to this package's error; cancelling and missing runtimes stay what they are. */
export function asModelError(error: unknown, file: string): unknown {
  if (error instanceof DatasetError) return error;
  if (error instanceof TensorError) {
    const isModels = error.code === 'invalid-file' || error.code === 'engine-failed';
    return isModels ? modelInvalid(error.message.replace(/\.$/, ''), file, error) : error;
  }
  return modelInvalid(error instanceof Error ? error.message : 'it cannot be used', file, error);
}
