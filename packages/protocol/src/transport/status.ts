import { Metadata, status } from '@grpc/grpc-js';
import type { ServiceError, StatusObject } from '@grpc/grpc-js';

import { ProtocolError } from '../protocol-error.ts';
import type { ProtocolErrorCode } from '../protocol-error.ts';

/** The exact code travels beside the coarser gRPC status. */
const codeKey = 'noren-code';
/** Binary, because gRPC metadata is ASCII and reasons may be in any language. */
const reasonKey = 'noren-reason-bin';
/** UTF-16 units of an error's text on the wire; header blocks are limited. */
const maximumDetails = 1000;

const statusOfCode: Readonly<Record<ProtocolErrorCode, status>> = {
  'invalid-message': status.INVALID_ARGUMENT,
  'invalid-roster': status.INVALID_ARGUMENT,
  'invalid-key': status.INVALID_ARGUMENT,
  'invalid-plan': status.INVALID_ARGUMENT,
  'invalid-invitation': status.INVALID_ARGUMENT,
  'invalid-certificate': status.INVALID_ARGUMENT,
  'invitation-expired': status.PERMISSION_DENIED,
  'invitation-used': status.PERMISSION_DENIED,
  denied: status.PERMISSION_DENIED,
  'certificate-rejected': status.UNAUTHENTICATED,
  unreachable: status.UNAVAILABLE,
  'port-in-use': status.INTERNAL,
  'cannot-listen': status.INTERNAL,
  'not-found': status.NOT_FOUND,
  'wrong-state': status.FAILED_PRECONDITION,
  exhausted: status.RESOURCE_EXHAUSTED,
  'hash-mismatch': status.DATA_LOSS,
  cancelled: status.CANCELLED,
  internal: status.INTERNAL,
};

/** For statuses that grpc-js or a proxy made. */
const codeOfStatus: Readonly<Partial<Record<status, ProtocolErrorCode>>> = {
  [status.CANCELLED]: 'cancelled',
  [status.INVALID_ARGUMENT]: 'invalid-message',
  [status.DEADLINE_EXCEEDED]: 'unreachable',
  [status.NOT_FOUND]: 'not-found',
  [status.PERMISSION_DENIED]: 'denied',
  [status.RESOURCE_EXHAUSTED]: 'exhausted',
  [status.FAILED_PRECONDITION]: 'wrong-state',
  [status.ABORTED]: 'unreachable',
  [status.UNIMPLEMENTED]: 'wrong-state',
  [status.UNAVAILABLE]: 'unreachable',
  [status.DATA_LOSS]: 'hash-mismatch',
  [status.UNAUTHENTICATED]: 'certificate-rejected',
};

/** A status as grpc-js takes it from a handler, which must be an Error on streams. */
export type HandlerError = Error & Pick<StatusObject, 'code' | 'details' | 'metadata'>;

/** Turns what a handler threw into a status. Only ProtocolErrors tell their text to the peer. */
export function toStatus(error: unknown): HandlerError {
  const known =
    error instanceof ProtocolError ? error : new ProtocolError('internal', 'The coordinator failed; its log says why.');
  const metadata = new Metadata();
  metadata.set(codeKey, known.code);
  // grpc-js applies encodeURI, which throws on a lone surrogate; UTF-8 there and back replaces it.
  const details = Buffer.from(known.message.slice(0, maximumDetails)).toString();
  return Object.assign(new Error(details), { code: statusOfCode[known.code], details, metadata });
}

/** Turns what a call to `address` ended with into the package's error. */
export function fromServiceError(error: unknown, address: string): ProtocolError {
  if (error instanceof ProtocolError) return error;
  const { code, details, metadata } = error as Partial<ServiceError>;
  // Not from grpc-js: its codes are numbers, those of Node and other packages are words.
  if (typeof code !== 'number') return new ProtocolError('internal', (error as Error).message, { cause: error });
  const sent = metadata?.get(codeKey)[0];
  if (typeof sent === 'string' && Object.hasOwn(statusOfCode, sent)) {
    return new ProtocolError(sent as ProtocolErrorCode, details ?? '', { cause: error });
  }
  return describeFailure(code, details ?? '', address, error);
}

function describeFailure(code: status, details: string, address: string, cause: unknown): ProtocolError {
  if (/Last error: Failed to connect/.test(details)) {
    // grpc-js's words for a connection that the other side closed between the TLS handshake and the first HTTP/2 frame.
    const message =
      `The coordinator at ${address} closed the connection right after the handshake. If this goes on, it does not ` +
      "accept this site's certificate: ask for a new invitation and enrol again.";
    return new ProtocolError('unreachable', message, { cause });
  }
  const tls = tlsFailure(details, address);
  if (tls !== null) return new ProtocolError('certificate-rejected', tls, { cause });
  if (code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED) {
    return new ProtocolError(
      'unreachable',
      `The coordinator at ${address} cannot be reached or the connection broke (${details}). ` +
        'Check that it runs and that no firewall stands between.',
      { cause },
    );
  }
  // A reset or unparsable stream (INTERNAL, UNKNOWN) comes from the path between, not from a handler: ours send a code.
  const brokenStream = code === status.INTERNAL || code === status.UNKNOWN;
  const ours = brokenStream ? 'unreachable' : (codeOfStatus[code] ?? 'internal');
  return new ProtocolError(ours, `The call to ${address} failed: ${details}`, { cause });
}

/** OpenSSL's and Node's words for certificate trouble, as grpc-js repeats them in its details. */
function tlsFailure(details: string, address: string): string | null {
  if (/altnames|Hostname\/IP/.test(details)) {
    return (
      `The coordinator's certificate does not name the host of ${address}. ` +
      'Use an address the certificate names, or add this one to the coordinator’s names.'
    );
  }
  if (/certificate has expired|not yet valid|CERT_HAS_EXPIRED/.test(details)) {
    return `The certificate of ${address} is outside its period of validity. Check the clocks on both sides.`;
  }
  if (/alert|certificate required|bad certificate|unknown ca|decrypt error/i.test(details)) {
    return (
      `The coordinator at ${address} does not accept this site's certificate (${details}). ` +
      'If it expired or was revoked, ask for a new invitation and enrol again.'
    );
  }
  if (/self-signed|unable to verify|unable to get|issuer|certificate/.test(details)) {
    return (
      `The coordinator at ${address} shows a certificate of another authority (${details}). ` +
      'Check the address; if the federation was set up anew, ask for a new invitation.'
    );
  }
  return null;
}

/** Trailers of a session that its server ended on purpose. */
export function reasonMetadata(reason: string): Metadata {
  const metadata = new Metadata();
  metadata.set(reasonKey, Buffer.from(reason.slice(0, maximumDetails)));
  return metadata;
}

export function reasonOf(metadata: Metadata): string | null {
  const reason = metadata.get(reasonKey)[0];
  return reason === undefined ? null : reason.toString();
}
