import { createHash } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';

import { parseSiteId } from '../identifiers.ts';
import type { SiteId } from '../identifiers.ts';
import { ProtocolError } from '../protocol-error.ts';

/** Who is calling, proved by the certificate of the connection. `fingerprint`: SHA-256 of the certificate, hexadecimal. */
export interface PeerIdentity {
  readonly siteId: SiteId;
  readonly fingerprint: string;
}

/** The part of a grpc-js server call that knows its connection. */
interface AuthenticatedCall {
  getAuthContext(): { readonly sslPeerCertificate?: PeerCertificate };
}

/**
 * Reads the caller's name from the certificate that TLS verified, never from a message. A connection may outlive the
 * certificate it began with, so the period of validity is checked again. `expiresAt` is in milliseconds since the epoch.
 */
export function peerOf(call: AuthenticatedCall, now: number): { peer: PeerIdentity; expiresAt: number } {
  const certificate = call.getAuthContext().sslPeerCertificate;
  const name: unknown = certificate?.subject?.CN;
  if (certificate === undefined || typeof name !== 'string') {
    throw new ProtocolError('certificate-rejected', 'The caller showed no client certificate with a site name.');
  }
  const expiresAt = Date.parse(certificate.valid_to);
  if (!(now < expiresAt)) {
    throw new ProtocolError(
      'certificate-rejected',
      `The certificate of ${name} expired on ${certificate.valid_to}. Ask for a new invitation and enrol again.`,
    );
  }
  const fingerprint = createHash('sha256').update(certificate.raw).digest('hex');
  return { peer: { siteId: parseSiteId(name), fingerprint }, expiresAt };
}
