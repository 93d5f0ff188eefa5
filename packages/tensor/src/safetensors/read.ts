import { TensorError } from '../error.ts';
import { dataStartOf, layoutOf } from './layout.ts';
import type { HostTensor, TensorFile } from './tensor-file.ts';

/**
 * Reads a safetensors file (8-byte little-endian header length, JSON header, data) of float32 tensors, from a source
 * that need not be trusted. Tensors are copies, so `bytes` may be reused.
 * Throws TensorError `invalid-file` when the file is truncated, has gaps, overlaps or trailing bytes, or holds another dtype.
 */
export function readSafetensors(bytes: Uint8Array): TensorFile {
  const { places, metadata } = layoutOf(bytes, bytes.byteLength);
  const other = places.find(({ dtype }) => dtype !== 'F32');
  if (other !== undefined) {
    const what = `tensor ${JSON.stringify(other.name)} has dtype "${other.dtype}"; only F32 is read`;
    throw new TensorError('invalid-file', `Not a valid safetensors file: ${what}.`);
  }
  // Copied once, so that the float views below are aligned wherever the file lies in its buffer. A Buffer's own slice
  // would not copy but show the pool it was cut from.
  const data = Uint8Array.prototype.slice.call(bytes, dataStartOf(bytes, bytes.byteLength)).buffer;
  const tensors = new Map<string, HostTensor>();
  for (const { name, shape, begin, end } of places) {
    tensors.set(name, { shape, data: new Float32Array(data.slice(begin, end)) });
  }
  return { tensors, metadata };
}
