import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';

import { AggregationError } from '../errors.ts';

/** A site's long-term Ed25519 identity (RFC 8032). `publicKey` is the raw 32 bytes. */
export interface Identity {
  readonly publicKey: Uint8Array;
  /** 64-byte signature. The private key may live elsewhere (OS key store, TPM): nothing here asks for it. */
  sign(message: Uint8Array): Uint8Array;
}

export const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** A fresh Ed25519 private key, PKCS#8 in PEM. */
export function generateIdentityKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** @throws AggregationError `malformed` if the PEM holds no Ed25519 private key */
export function identityFromPrivateKey(pkcs8Pem: string): Identity {
  const privateKey = parsePrivateKey(pkcs8Pem);
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    publicKey: new Uint8Array(Buffer.from(jwk.x ?? '', 'base64url')),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

/**
 * Whether `signature` is `publicKey`'s Ed25519 signature of `message`. False, never an exception, for keys and
 * signatures of the wrong size: what does not verify is refused the same way whatever is wrong with it.
 */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  // Keys are imported as JWK: OpenSSL 3.0 takes twenty times as long to decode the DER form.
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
  return verify(null, message, key, signature);
}

function parsePrivateKey(pkcs8Pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pkcs8Pem);
  } catch (cause) {
    throw new AggregationError('malformed', `The identity key is not a readable PEM private key: ${String(cause)}`);
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new AggregationError('malformed', `The identity key is ${key.asymmetricKeyType ?? 'unknown'}, not Ed25519.`);
  }
  return key;
}
