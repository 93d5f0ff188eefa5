import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';

import { AggregationError } from '../errors.ts';

export const KEY_BYTES = 32;

/** An X25519 key pair (RFC 7748). */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly handle: KeyObject;
}

/**
 * The one spelling of a scalar among the 32 that X25519 treats alike (RFC 7748 section 5, decodeScalar25519). A public
 * key commits to a scalar only in this spelling: shares that are off by one of the ignored bits would pass for good.
 */
export function clampScalar(scalar: Uint8Array): Uint8Array {
  const clamped = new Uint8Array(scalar);
  clamped[0]! &= 0xf8;
  clamped[31] = (clamped[31]! & 0x7f) | 0x40;
  return clamped;
}

/**
 * The key pair of a 32-byte scalar. Scalar and public key travel as JWK because OpenSSL 3.0 decodes PKCS#8 and SPKI
 * five to twenty times as slowly.
 */
export function keyPairFromScalar(scalar: Uint8Array): KeyPair {
  // The import needs some `x` but does not look at it: the public key is always computed from `d`.
  const x = base64url(new Uint8Array(KEY_BYTES));
  const handle = createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', d: base64url(scalar), x } });
  const publicKey = new Uint8Array(Buffer.from(createPublicKey(handle).export({ format: 'jwk' }).x ?? '', 'base64url'));
  return { publicKey, handle };
}

/**
 * The X25519 shared secret, 32 bytes.
 *
 * @throws AggregationError `weak-key` if the peer's key has small order, so that the secret would be zero whatever our
 *   own key is (RFC 7748 section 6.1)
 */
export function agree(own: KeyPair, peerPublicKey: Uint8Array): Uint8Array {
  const key = { kty: 'OKP', crv: 'X25519', x: base64url(peerPublicKey) };
  try {
    const publicKey = createPublicKey({ format: 'jwk', key });
    return new Uint8Array(diffieHellman({ privateKey: own.handle, publicKey }));
  } catch {
    // OpenSSL fails on the all-zero result and, with keys of the right length, on nothing else.
    throw new AggregationError('weak-key', 'An X25519 key of small order: it makes no secret with any key.');
  }
}

/** @throws AggregationError `weak-key` */
export function assertFullOrder(publicKey: Uint8Array): void {
  // Every scalar is a multiple of 8 after clamping, so any one of them takes every point of small order to zero.
  agree(probe, publicKey);
}

const probe = keyPairFromScalar(new Uint8Array(KEY_BYTES).fill(1));

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}
