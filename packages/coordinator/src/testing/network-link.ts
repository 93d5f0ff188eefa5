import { certificateToPem, connectFederation, createSigningRequest, enrol } from '@noren/protocol';
import type { Invitation, TlsIdentity } from '@noren/protocol';

import type { ScriptedSite } from './scripted-site.ts';

/** Turns an invitation into a certificate over the network. */
export async function enrolled(site: ScriptedSite, invitation: Invitation): Promise<TlsIdentity> {
  const { key, request } = await createSigningRequest();
  const response = await enrol({
    invitation,
    request: { certificateSigningRequest: request, identityKey: site.publicKey },
  });
  return { authority: invitation.authority, certificate: certificateToPem(response.certificate), key };
}

/** Connects a site over gRPC. Resolves when the coordinator has greeted; rejects with the reason when it refuses. */
export function connected(site: ScriptedSite, address: string, tls: TlsIdentity): Promise<void> {
  const connection = connectFederation({ address, tls });
  return new Promise((resolve, reject) => {
    const session = connection.session({
      message: (message) => {
        if (message.kind === 'welcome') resolve();
        void site.receive(message);
      },
      closed: (reason) => reject(new Error(reason)),
    });
    site.link = {
      send: (message) => session.send(message),
      upload: (header, chunks) => connection.upload(header, chunks),
      download: (hash) => connection.download(hash),
      close: () => connection.close(),
    };
    session.send({ kind: 'hello', agentVersion: 'test', releaseHash: null });
  });
}
