import { createPrivateKey, webcrypto } from 'node:crypto';

import { ProtocolError } from '../protocol-error.ts';

/** ECDSA on P-256: small certificates, fast handshakes, in every TLS library. */
export const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export async function generateTlsKey(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
}

/** PKCS#8 PEM. Whoever stores it uses mode 0600. */
export async function exportPrivateKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

/** Throws ProtocolError `invalid-certificate` unless the PEM text is a P-256 private key. */
export async function importPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  try {
    const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' });
    return await webcrypto.subtle.importKey('pkcs8', der, keyAlgorithm, true, ['sign']);
  } catch (cause) {
    const message = `The private key is not an EC P-256 key in PEM: ${(cause as Error).message}`;
    throw new ProtocolError('invalid-certificate', message, { cause });
  }
}
