import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { ProtocolError } from '../protocol-error.ts';
import { planHash } from './plan-document.ts';

/** A fresh Ed25519 key for signing plans, PKCS#8 PEM. Keep it with mode 0600. */
export function generatePlanKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The public half that sites pin: 32 bytes (RFC 8032). */
export function planPublicKey(privateKey: string): Uint8Array {
  const { x } = createPublicKey(ed25519PrivateKey(privateKey)).export({ format: 'jwk' });
  return new Uint8Array(Buffer.from(x ?? '', 'base64url'));
}

/** Ed25519 over the plan hash, 64 bytes. */
export function signPlan(plan: Uint8Array, privateKey: string): Uint8Array {
  return new Uint8Array(sign(null, planHash(plan), ed25519PrivateKey(privateKey)));
}

/** Whether the holder of the pinned key signed exactly these plan bytes. */
export function verifyPlanSignature(plan: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, planHash(plan), key, signature);
}

function ed25519PrivateKey(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new ProtocolError(
      'invalid-plan',
      `A plan is signed with an Ed25519 key; this key is ${key.asymmetricKeyType}.`,
    );
  }
  return key;
}
