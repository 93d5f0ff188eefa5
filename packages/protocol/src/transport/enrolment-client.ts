import { Client } from '@grpc/grpc-js';

import type { Invitation } from '../certificates/invitation.ts';
import { readCertificate } from '../certificates/pem.ts';
import { verifySigningRequest } from '../certificates/signing-request.ts';
import type { EnrolRequest, EnrolResponse } from '../messages/enrolment-message.ts';
import { ProtocolError } from '../protocol-error.ts';
import { clientSettings } from './channel-settings.ts';
import { tlsClient } from './credentials.ts';
import { enrolRpc } from './rpc.ts';
import { fromServiceError } from './status.ts';
import { callUnary } from './unary-client.ts';

/**
 * Redeems an invitation: shows its token, the signing request and the identity key, and gets a client certificate.
 * The answer is checked against the invitation. Rejects with ProtocolError: `invitation-expired`, `invitation-used`,
 * `denied`, `unreachable`, `certificate-rejected` (not the coordinator the invitation speaks of).
 */
export async function enrol(o: {
  readonly invitation: Invitation;
  readonly request: Omit<EnrolRequest, 'token'>;
  readonly now?: Date;
}): Promise<EnrolResponse> {
  const { invitation, request } = o;
  if ((o.now ?? new Date()).getTime() >= Date.parse(invitation.expiresAt)) {
    const message = `The invitation for ${invitation.siteId} expired on ${invitation.expiresAt}. Ask for a new one.`;
    throw new ProtocolError('invitation-expired', message);
  }
  const address = invitation.enrolmentAddress;
  const { credentials, options } = tlsClient(address, invitation.authority);
  const client = new Client(address, credentials, { ...clientSettings, ...options });
  try {
    const token = new Uint8Array(Buffer.from(invitation.token, 'base64url'));
    const response = await callUnary(client, (error) => fromServiceError(error, address), enrolRpc, {
      ...request,
      token,
    });
    await checkResponse(invitation, request.certificateSigningRequest, response);
    return response;
  } finally {
    client.close();
  }
}

async function checkResponse(
  invitation: Invitation,
  signingRequest: Uint8Array,
  response: EnrolResponse,
): Promise<void> {
  const certificate = readCertificate(response.certificate);
  const requestedKey = Buffer.from((await verifySigningRequest(signingRequest)).rawData);
  const certifiedKey = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const asInvited =
    response.siteId === invitation.siteId &&
    response.federation === invitation.federation &&
    certificate.subject === `CN=${invitation.siteId}` &&
    certificate.verify(readCertificate(invitation.authority).publicKey) &&
    certifiedKey.equals(requestedKey);
  if (asInvited) return;
  throw new ProtocolError(
    'invalid-certificate',
    `The coordinator answered the enrolment of ${invitation.siteId} with a certificate for another site, key or ` +
      'federation. Tell the central operator; nothing was stored.',
  );
}
