import { hash } from 'node:crypto';

/** Everything that is hashed, signed or derived begins with this: nothing here can be taken for another protocol's. */
export const PROTOCOL_LABEL = 'noren/secagg/v1/';

export const HASH_BYTES = 32;

/** In one call: for a few bytes, a hash that is fed piece by piece takes four times as long. */
export function sha256(data: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', data, 'buffer'));
}

/**
 * SHA-256 over a label and a list of fields, each preceded by its length. Unlike plain concatenation no two different
 * lists give the same bytes, so the hash stands for the list.
 */
export function hashFields(label: string, fields: readonly Uint8Array[]): Uint8Array {
  const parts = [utf8(PROTOCOL_LABEL + label), ...fields];
  const framed = new Uint8Array(parts.reduce((length, part) => length + 4 + part.length, 0));
  const view = new DataView(framed.buffer);
  let offset = 0;
  for (const part of parts) {
    view.setUint32(offset, part.length);
    framed.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return sha256(framed);
}

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Big-endian. */
export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

export function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** For public values only: it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
