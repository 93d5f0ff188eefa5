import { certificateFingerprint, createSigningRequest } from '@noren/protocol';
import type { PeerIdentity } from '@noren/protocol';

import type { Federation } from '../federation/federation.ts';
import type { ScriptedSite } from './scripted-site.ts';

const NOWHERE = { address: 'nowhere:1', enrolmentAddress: 'nowhere:2' };

/** Invites and enrols a site without a network. */
export async function joined(federation: Federation, site: ScriptedSite): Promise<PeerIdentity> {
  const invitation = await federation.invite(site.id, `Shop ${site.id}`, NOWHERE);
  const { request } = await createSigningRequest();
  const token = new Uint8Array(Buffer.from(invitation.token, 'base64url'));
  const enrolment = { token, certificateSigningRequest: request, identityKey: site.publicKey };
  const { certificate } = await federation.enrol(enrolment);
  return { siteId: site.id, fingerprint: certificateFingerprint(certificate) };
}

/** Connects a site to the federation's handlers directly; messages arrive in later turns, as over a network. */
export function linked(federation: Federation, site: ScriptedSite, peer: PeerIdentity): void {
  const handlers = federation.handlers();
  handlers.authorise(peer);
  let open = true;
  const end = (reason: string): void => {
    if (!open) return;
    open = false;
    listener.closed(reason);
  };
  const listener = handlers.session({
    peer,
    end,
    send: (message) => {
      setImmediate(() => {
        if (open) void site.receive(message);
      });
    },
  });
  site.link = {
    send: (message) => {
      if (open) listener.message(message);
    },
    upload: async (header, chunks) => {
      const receiver = await handlers.upload(peer, header);
      for (const [index, chunk] of chunks.entries()) await receiver.chunk(index, chunk);
      await receiver.complete();
    },
    download: async (hash) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of (await handlers.download(peer, hash)).read(0)) pieces.push(piece);
      return new Uint8Array(Buffer.concat(pieces));
    },
    close: () => end('the connection was lost'),
  };
  listener.message({ kind: 'hello', agentVersion: 'test', releaseHash: null });
}
