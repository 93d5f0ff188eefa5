import { TensorError } from '../error.ts';
import { sizeOf, sortedNames, type TensorFile } from './tensor-file.ts';

const ALIGNMENT = 8;

/**
 * Writes the canonical file: names in code unit order, header without spaces and padded with spaces to 8 bytes, data in
 * the same order. Equal content gives equal bytes and therefore an equal content address.
 */
export function writeSafetensors(file: TensorFile): Uint8Array {
  const fields: string[] = [];
  // Joined by hand: an object literal would move names that look like integers to the front.
  const metadata = Object.keys(file.metadata).sort();
  if (metadata.length > 0) {
    const pairs = metadata.map((key) => `${JSON.stringify(key)}:${JSON.stringify(file.metadata[key])}`);
    fields.push(`"__metadata__":{${pairs.join(',')}}`);
  }
  const parts: Float32Array[] = [];
  let offset = 0;
  for (const name of sortedNames(file.tensors)) {
    const { shape, data } = file.tensors.get(name) ?? { shape: [], data: new Float32Array() };
    if (name === '' || name === '__metadata__') {
      throw new TensorError('invalid-file', `A tensor cannot be called ${JSON.stringify(name)} in a safetensors file.`);
    }
    if (sizeOf(shape) !== data.length) {
      throw new TensorError(
        'invalid-file',
        `Tensor ${JSON.stringify(name)} of shape [${shape.join(', ')}] has ${data.length} values.`,
      );
    }
    const end = offset + data.byteLength;
    fields.push(
      `${JSON.stringify(name)}:{"dtype":"F32","shape":[${shape.join(',')}],"data_offsets":[${offset},${end}]}`,
    );
    parts.push(data);
    offset = end;
  }

  const header = new TextEncoder().encode(`{${fields.join(',')}}`);
  const headerLength = Math.ceil(header.byteLength / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(8 + headerLength + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(header, 8);
  let position = 8 + headerLength;
  for (const data of parts) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}
