import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { ProtocolError } from '../protocol-error.ts';

/** A fresh Ed25519 key for signing documents (plans, rosters), PKCS#8 PEM. Keep it with mode 0600. */
export function generateSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The public half that sites pin: 32 bytes (RFC 8032). Throws ProtocolError `invalid-key`. */
export function signingPublicKey(privateKey: string): Uint8Array {
  const { x } = createPublicKey(ed25519PrivateKey(privateKey)).export({ format: 'jwk' });
  return new Uint8Array(Buffer.from(x ?? '', 'base64url'));
}

/** 64 bytes. Throws ProtocolError `invalid-key`. */
export function signMessage(message: Uint8Array, privateKey: string): Uint8Array {
  return new Uint8Array(sign(null, message, ed25519PrivateKey(privateKey)));
}

/** Whether the holder of the key signed exactly this message. */
export function verifyMessage(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, message, key, signature);
}

function ed25519PrivateKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new ProtocolError('invalid-key', 'The signing key cannot be read: it is not a private key in PEM.', {
      cause,
    });
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new ProtocolError(
    'invalid-key',
    `Documents are signed with an Ed25519 key; this key is ${key.asymmetricKeyType}.`,
  );
}
