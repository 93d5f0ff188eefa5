import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext } from 'node:tls';
import type { SecureContextOptions } from 'node:tls';

import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import type { ChannelOptions, VerifyOptions } from '@grpc/grpc-js';

import { ProtocolError } from '../protocol-error.ts';

/** PEM texts: the authority both sides trust, and one's own certificate with its private key (PKCS#8). */
export interface TlsIdentity {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Both ends are this program, so nothing older is needed. */
const minVersion = 'TLSv1.3';

/** createSsl of grpc-js cannot set the TLS version; the options given here reach node:http2 unchanged. */
class TlsServerCredentials extends ServerCredentials {
  constructor(tls: TlsIdentity, clientCertificate: 'required' | 'none') {
    const requestCert = clientCertificate === 'required';
    const context: SecureContextOptions = { ca: tls.authority, cert: tls.certificate, key: tls.key, minVersion };
    super({ requestCert, rejectUnauthorized: requestCert }, context);
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** Mutual TLS: a caller without a certificate of the authority does not get past the handshake. */
export function mutualTlsServer(tls: TlsIdentity): ServerCredentials {
  return readable(() => new TlsServerCredentials(tls, 'required'));
}

/** Only the server shows a certificate. */
export function plainTlsServer(tls: TlsIdentity): ServerCredentials {
  return readable(() => new TlsServerCredentials(tls, 'none'));
}

/** Credentials and options for calling `address` (host:port). Without `client`, no client certificate is shown. */
export function tlsClient(
  address: string,
  authority: string,
  client?: { readonly certificate: string; readonly key: string },
): { credentials: ChannelCredentials; options: ChannelOptions } {
  const own = client === undefined ? {} : { cert: client.certificate, key: client.key };
  const context = readable(() => createSecureContext({ ca: authority, minVersion, ...own }));
  const { host, loopback } = splitAddress(address);
  const options: ChannelOptions = loopback ? { 'grpc.enable_http_proxy': 0 } : {};
  if (isIP(host) === 0) return { credentials: ChannelCredentials.createFromSecureContext(context), options };
  // TLS server names cannot be IP addresses (RFC 6066); the certificate is still checked against the address.
  const verify: VerifyOptions = { checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate) };
  return {
    credentials: ChannelCredentials.createFromSecureContext(context, verify),
    options: { ...options, 'grpc.ssl_target_name_override': 'localhost' },
  };
}

function splitAddress(address: string): { host: string; loopback: boolean } {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
  return { host, loopback: host === 'localhost' || host === '::1' || host.startsWith('127.') };
}

function readable<T>(create: () => T): T {
  try {
    return create();
  } catch (cause) {
    const message = `The certificate or its private key cannot be read: ${(cause as Error).message}`;
    throw new ProtocolError('invalid-certificate', message, { cause });
  }
}
