import type { MethodDefinition } from '@grpc/grpc-js';

import { noren } from '../generated/noren.js';
import type { CoordinatorMessage } from '../messages/coordinator-message.ts';
import { decodeCoordinatorMessage, encodeCoordinatorMessage } from '../messages/coordinator-message.ts';
import * as enrolment from '../messages/enrolment-message.ts';
import { decodeSiteMessage, encodeSiteMessage } from '../messages/site-message.ts';
import type { SiteMessage } from '../messages/site-message.ts';
import * as transfer from '../messages/transfer-message.ts';

/** Domain messages to frames and back; `decode` throws ProtocolError `invalid-message`. */
export interface FrameCodec<Message> {
  encode(message: Message): Uint8Array;
  decode(frame: Uint8Array): Message;
}

/**
 * One remote procedure for grpc-js, with the types of its messages.
 *
 * Frames cross grpc-js as bytes and are translated by our own handlers: an error thrown inside grpc-js's (de)serialisers
 * would reach the peer as INTERNAL without a reason.
 */
export interface Rpc<Request, Response> extends MethodDefinition<Uint8Array, Uint8Array> {
  readonly request: FrameCodec<Request>;
  readonly response: FrameCodec<Response>;
}

/** What pbjs knows about a procedure: a property of the generated service's prototype. */
interface GeneratedProcedure {
  readonly path: string;
  readonly requestStream: true | undefined;
  readonly responseStream: true | undefined;
}

function rpc<Request, Response>(
  procedure: GeneratedProcedure,
  request: FrameCodec<Request>,
  response: FrameCodec<Response>,
): Rpc<Request, Response> {
  return {
    path: procedure.path,
    requestStream: procedure.requestStream === true,
    responseStream: procedure.responseStream === true,
    requestSerialize: asBuffer,
    requestDeserialize: (frame) => frame,
    responseSerialize: asBuffer,
    responseDeserialize: (frame) => frame,
    request,
    response,
  };
}

/** grpc-js copies with Buffer's own methods. */
function asBuffer(frame: Uint8Array): Buffer {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
}

const federation = noren.v1.FederationService.prototype;

export const sessionRpc: Rpc<SiteMessage, CoordinatorMessage> = rpc(
  federation.session,
  { encode: encodeSiteMessage, decode: decodeSiteMessage },
  { encode: encodeCoordinatorMessage, decode: decodeCoordinatorMessage },
);

export const downloadRpc: Rpc<transfer.DownloadRequest, transfer.DownloadChunk> = rpc(
  federation.download,
  { encode: transfer.encodeDownloadRequest, decode: transfer.decodeDownloadRequest },
  { encode: transfer.encodeDownloadChunk, decode: transfer.decodeDownloadChunk },
);

/** The response is the number of chunks received. */
export const uploadRpc: Rpc<transfer.UploadMessage, number> = rpc(
  federation.upload,
  { encode: transfer.encodeUploadMessage, decode: transfer.decodeUploadMessage },
  { encode: transfer.encodeUploadReceipt, decode: transfer.decodeUploadReceipt },
);

/** Certificate signing request to certificate, both DER. */
export const renewRpc: Rpc<Uint8Array, Uint8Array> = rpc(
  federation.renew,
  { encode: enrolment.encodeRenewRequest, decode: enrolment.decodeRenewRequest },
  { encode: enrolment.encodeRenewResponse, decode: enrolment.decodeRenewResponse },
);

export const enrolRpc: Rpc<enrolment.EnrolRequest, enrolment.EnrolResponse> = rpc(
  noren.v1.EnrolmentService.prototype.enrol,
  { encode: enrolment.encodeEnrolRequest, decode: enrolment.decodeEnrolRequest },
  { encode: enrolment.encodeEnrolResponse, decode: enrolment.decodeEnrolResponse },
);
