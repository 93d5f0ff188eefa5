import { z } from 'zod';

import { noren } from '../generated/noren.js';
import { siteIdSchema } from '../identifiers.ts';
import type { SiteId } from '../identifiers.ts';
import { federationNameSchema } from '../plan/plan.ts';
import { bytesField, decodeFrame, wireCodec } from './wire-codec.ts';

export interface EnrolRequest {
  /** The secret of the invitation, 32 bytes; single use. */
  readonly token: Uint8Array;
  /** PKCS#10, DER. */
  readonly certificateSigningRequest: Uint8Array;
  /** Ed25519, 32 bytes: signs the site's secure aggregation messages. */
  readonly identityKey: Uint8Array;
}

export interface EnrolResponse {
  readonly siteId: SiteId;
  readonly federation: string;
  /** Client certificate, DER. */
  readonly certificate: Uint8Array;
  /** Ed25519, 32 bytes: signs plans. */
  readonly planKey: Uint8Array;
}

/** Bytes of a signing request or certificate (EC P-256: about 0.5 KiB). */
const document = bytesField(1, 8192);

const enrolRequest = wireCodec<EnrolRequest, noren.v1.EnrolRequest.$Properties>(
  'enrolment request',
  z.object({ token: bytesField(32), certificateSigningRequest: document, identityKey: bytesField(32) }),
);
const enrolResponse = wireCodec<EnrolResponse, noren.v1.EnrolResponse.$Properties>(
  'enrolment response',
  z.object({
    siteId: siteIdSchema,
    federation: federationNameSchema,
    certificate: document,
    planKey: bytesField(32),
  }),
);
const renewRequest = wireCodec<{ readonly certificateSigningRequest: Uint8Array }, noren.v1.RenewRequest.$Properties>(
  'renewal request',
  z.object({ certificateSigningRequest: document }),
);
const renewResponse = wireCodec<{ readonly certificate: Uint8Array }, noren.v1.RenewResponse.$Properties>(
  'renewal response',
  z.object({ certificate: document }),
);

export function encodeEnrolRequest(message: EnrolRequest): Uint8Array {
  return noren.v1.EnrolRequest.encode(enrolRequest.toWire(message)).finish();
}

export function decodeEnrolRequest(bytes: Uint8Array): EnrolRequest {
  return enrolRequest.fromWire(decodeFrame('EnrolRequest', noren.v1.EnrolRequest, bytes));
}

export function encodeEnrolResponse(message: EnrolResponse): Uint8Array {
  return noren.v1.EnrolResponse.encode(enrolResponse.toWire(message)).finish();
}

export function decodeEnrolResponse(bytes: Uint8Array): EnrolResponse {
  return enrolResponse.fromWire(decodeFrame('EnrolResponse', noren.v1.EnrolResponse, bytes));
}

export function encodeRenewRequest(certificateSigningRequest: Uint8Array): Uint8Array {
  return noren.v1.RenewRequest.encode(renewRequest.toWire({ certificateSigningRequest })).finish();
}

export function decodeRenewRequest(bytes: Uint8Array): Uint8Array {
  return renewRequest.fromWire(decodeFrame('RenewRequest', noren.v1.RenewRequest, bytes)).certificateSigningRequest;
}

export function encodeRenewResponse(certificate: Uint8Array): Uint8Array {
  return noren.v1.RenewResponse.encode(renewResponse.toWire({ certificate })).finish();
}

export function decodeRenewResponse(bytes: Uint8Array): Uint8Array {
  return renewResponse.fromWire(decodeFrame('RenewResponse', noren.v1.RenewResponse, bytes)).certificate;
}
