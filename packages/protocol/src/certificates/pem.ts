import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';

import { ProtocolError } from '../protocol-error.ts';

/** A certificate from DER bytes or PEM text. Throws ProtocolError `invalid-certificate`. */
export function readCertificate(certificate: Uint8Array | string): X509Certificate {
  try {
    return new X509Certificate(certificate);
  } catch (cause) {
    const message = `The certificate cannot be read: ${(cause as Error).message}`;
    throw new ProtocolError('invalid-certificate', message, { cause });
  }
}

/** DER to PEM text. */
export function certificateToPem(der: Uint8Array): string {
  return readCertificate(der).toString();
}

/** SHA-256 of the DER bytes, 64 lower-case hexadecimal digits. */
export function certificateFingerprint(certificate: Uint8Array | string): string {
  return createHash('sha256').update(readCertificate(certificate).raw).digest('hex');
}

/** First and last moment of validity. */
export function certificateValidity(certificate: Uint8Array | string): { notBefore: Date; notAfter: Date } {
  const { validFrom, validTo } = readCertificate(certificate);
  return { notBefore: new Date(validFrom), notAfter: new Date(validTo) };
}

/** Whether the private key (PEM) is the certificate's. */
export function belongTogether(files: { readonly certificate: string; readonly key: string }): boolean {
  try {
    return readCertificate(files.certificate).checkPrivateKey(createPrivateKey(files.key));
  } catch {
    return false;
  }
}
