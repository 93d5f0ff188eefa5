import 'reflect-metadata';

import { webcrypto } from 'node:crypto';

import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import type { PublicKey } from '@peculiar/x509';

import { ProtocolError } from '../protocol-error.ts';
import { exportPrivateKey, generateTlsKey, keyAlgorithm } from './signing-key.ts';

/** A new TLS key (PKCS#8 PEM, stays at the site) and the request (PKCS#10, DER) for a certificate on it. */
export interface SigningRequest {
  readonly key: string;
  readonly request: Uint8Array;
}

export async function createSigningRequest(): Promise<SigningRequest> {
  const keys = await generateTlsKey();
  // Without a subject: the coordinator names the site.
  const request = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: keyAlgorithm }, webcrypto);
  return { key: await exportPrivateKey(keys.privateKey), request: new Uint8Array(request.rawData) };
}

/**
 * The public key of a request whose sender has proved to hold the private one (RFC 2986, signature over the request).
 * Throws ProtocolError `invalid-certificate`.
 */
export async function verifySigningRequest(der: Uint8Array): Promise<PublicKey> {
  const request = readRequest(der);
  const { algorithm } = request.publicKey;
  if (!('namedCurve' in algorithm) || algorithm.namedCurve !== keyAlgorithm.namedCurve) {
    throw new ProtocolError('invalid-certificate', 'The certificate request is not for an EC P-256 key.');
  }
  if (!(await request.verify(webcrypto).catch(() => false))) {
    throw new ProtocolError('invalid-certificate', 'The certificate request is not signed by the key it names.');
  }
  return request.publicKey;
}

function readRequest(der: Uint8Array): Pkcs10CertificateRequest {
  try {
    return new Pkcs10CertificateRequest(der);
  } catch (cause) {
    const message = `The certificate request cannot be read: ${(cause as Error).message}`;
    throw new ProtocolError('invalid-certificate', message, { cause });
  }
}
