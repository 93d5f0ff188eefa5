import { createCipheriv, createDecipheriv } from 'node:crypto';

/** AES-256-GCM adds its tag and nothing else: the nonce is constant. */
export const SEAL_BYTES = 16;

/** Safe only because every key here seals exactly one message: it is derived per round, sender and receiver. */
const NONCE = new Uint8Array(12);

/** AES-256-GCM (NIST SP 800-38D): ciphertext || tag. The key must never seal a second message. */
export function seal(key: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, NONCE);
  cipher.setAAD(associated);
  return new Uint8Array(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
}

/** The plaintext, or null if the key, the associated data or a bit of the message is not the one it was sealed with. */
export function open(key: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | null {
  if (sealed.length < SEAL_BYTES) return null;
  const end = sealed.length - SEAL_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: SEAL_BYTES });
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(end));
  try {
    return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]));
  } catch {
    return null;
  }
}
