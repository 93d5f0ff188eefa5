import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  certificateToPem,
  createSigningRequest,
  enrol,
  ProtocolError,
  type EnrolResponse,
  type Invitation,
} from '@noren/protocol';
import { generateIdentityKey, identityFromPrivateKey } from '@noren/secure-aggregation';
import { AgentError } from '../agent-error.ts';
import { Ledger } from '../ledger/ledger.ts';
import { syncFolder, writeAtomically, writeDurably } from './atomic-file.ts';
import { IDENTITY_FILES, readIdentity, tlsFile, type FederationFile, type SiteIdentity } from './identity.ts';
import { homeLayout } from './layout.ts';
import { lockHome } from './lock.ts';
import { StateFile } from './state.ts';

const TOKEN_BYTES = 32;

/**
 * Redeems an invitation. Both private keys are made here and never leave: the coordinator gets a signing request and
 * the public identity key. The identity appears in the home complete or not at all. Throws AgentError `already-joined`,
 * `home-in-use`, or `enrolment-failed` with the reason.
 */
export async function joinFederation(home: string, invitation: Invitation): Promise<SiteIdentity> {
  const layout = homeLayout(home);
  await mkdir(home, { recursive: true, mode: 0o700 });
  const lock = await lockHome(home);
  try {
    if (await exists(layout.identity)) {
      throw new AgentError(
        'already-joined',
        `${layout.identity} exists: this home belongs to a site already. Join from another home, or move it away first.`,
      );
    }
    const identityKey = generateIdentityKey();
    const { key, request } = await createSigningRequest();
    const { publicKey } = identityFromPrivateKey(identityKey);
    const message = { certificateSigningRequest: request, identityKey: publicKey };
    await recordEnrolment(home, message);
    const response = await enrol({ invitation, request: message }).catch((error: unknown) => {
      if (!(error instanceof ProtocolError)) throw error;
      throw new AgentError('enrolment-failed', `The site did not join: ${error.message}`, error);
    });
    await writeIdentity(layout.identity, identityKey, key, invitation, response);
    return await readIdentity(home);
  } finally {
    await lock.release();
  }
}

/** The first thing that leaves the site is its first ledger entry. The token is a secret and is not hashed into it. */
async function recordEnrolment(
  home: string,
  message: { readonly certificateSigningRequest: Uint8Array; readonly identityKey: Uint8Array },
): Promise<void> {
  const layout = homeLayout(home);
  const state = await StateFile.open(layout.state);
  const ledger = Ledger.open(layout.ledger, state.current.ledger);
  try {
    const content = Buffer.concat([message.certificateSigningRequest, message.identityKey]);
    const bytes = content.length + TOKEN_BYTES;
    ledger.record({ kind: 'enrolment', roundId: null, bytes, content }, { durable: true });
    const anchor = ledger.durableAnchor();
    await state.update((now) => ({ ...now, ledger: anchor }));
  } finally {
    ledger.close();
  }
}

async function writeIdentity(
  folder: string,
  identityKey: string,
  key: string,
  invitation: Invitation,
  response: EnrolResponse,
): Promise<void> {
  const federation: FederationFile = {
    version: 1,
    federation: response.federation,
    siteId: response.siteId,
    address: invitation.address,
    planKey: Buffer.from(response.planKey).toString('base64url'),
  };
  // Beside its final place, then renamed: a folder that is renamed is never seen half full.
  const temporary = `${folder}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(temporary, { mode: 0o700 });
    await writeDurably(join(temporary, IDENTITY_FILES.identityKey), identityKey);
    await writeDurably(join(temporary, IDENTITY_FILES.tls), tlsFile(key, certificateToPem(response.certificate)));
    await writeDurably(join(temporary, IDENTITY_FILES.authority), invitation.authority);
    await writeDurably(join(temporary, IDENTITY_FILES.federation), `${JSON.stringify(federation, null, 2)}\n`);
    await syncFolder(temporary);
    await rename(temporary, folder);
    await syncFolder(join(folder, '..'));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Replaces TLS key and certificate together. */
export async function replaceTls(home: string, key: string, certificate: string): Promise<void> {
  await writeAtomically(join(homeLayout(home).identity, IDENTITY_FILES.tls), tlsFile(key, certificate));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
