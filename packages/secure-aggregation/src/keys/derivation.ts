import { hkdfSync } from 'node:crypto';

/** HKDF-SHA256 (RFC 5869). */
export function deriveKey(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, bytes = 32): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, bytes));
}
