import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identityFromPrivateKey } from '@noren/secure-aggregation';
import { z } from 'zod';
import { AgentError } from '../agent-error.ts';
import { homeLayout } from './layout.ts';

/** Who the site is and whom it joined: the files of `identity/`, all of mode 0600. */
export interface SiteIdentity {
  readonly federation: string;
  readonly siteId: string;
  /** host:port of the federation service. */
  readonly address: string;
  /** The coordinator's Ed25519 plan key, pinned when the site joined; 32 bytes. */
  readonly planKey: Uint8Array;
  /** Ed25519 private key, PKCS#8 PEM: signs the site's masking messages. Never leaves. */
  readonly identityKey: string;
  /** Private key, certificate and authority of mutual TLS, PEM. */
  readonly tls: { readonly key: string; readonly certificate: string; readonly authority: string };
}

interface IdentityFiles {
  readonly federation: string;
  readonly identityKey: string;
  /** Private key and certificate in one file, so that a renewal replaces both or neither. */
  readonly tls: string;
  readonly authority: string;
}

export const IDENTITY_FILES: IdentityFiles = {
  federation: 'federation.json',
  identityKey: 'identity-key.pem',
  tls: 'tls.pem',
  authority: 'authority.pem',
};

/** The content of federation.json. */
export interface FederationFile {
  readonly version: 1;
  readonly federation: string;
  readonly siteId: string;
  readonly address: string;
  /** base64url */
  readonly planKey: string;
}

const federationSchema: z.ZodType<FederationFile> = z.strictObject({
  version: z.literal(1),
  federation: z.string().min(1).max(64),
  siteId: z.string().min(1).max(63),
  address: z.string().min(1).max(300),
  planKey: z.string().length(43),
});

/** Reads a home's identity. Throws `not-joined` or `identity-invalid`. */
export async function readIdentity(home: string): Promise<SiteIdentity> {
  const folder = homeLayout(home).identity;
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(join(folder, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new AgentError(
        'not-joined',
        `${folder} holds no ${name}: this site has not joined a federation. Ask the central operator for an invitation.`,
      );
    }
  };
  const text = await read(IDENTITY_FILES.federation);
  let file: FederationFile;
  try {
    file = federationSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new AgentError(
      'identity-invalid',
      `${join(folder, IDENTITY_FILES.federation)} is damaged. Restore it from a backup, or join again with a new invitation.`,
      error,
    );
  }
  const [identityKey, tls, authority] = await Promise.all([
    read(IDENTITY_FILES.identityKey),
    read(IDENTITY_FILES.tls),
    read(IDENTITY_FILES.authority),
  ]);
  const certificateAt = tls.indexOf('-----BEGIN CERTIFICATE-----');
  return {
    federation: file.federation,
    siteId: file.siteId,
    address: file.address,
    planKey: new Uint8Array(Buffer.from(file.planKey, 'base64url')),
    identityKey,
    tls: { key: tls.slice(0, certificateAt), certificate: tls.slice(certificateAt), authority },
  };
}

/** What the registrar lists about a site; none of it is secret. Throws `not-joined` or `identity-invalid`. */
export async function readPublicIdentity(
  home: string,
): Promise<{ readonly site: string; readonly identityKey: string }> {
  const { siteId, identityKey } = await readIdentity(home);
  const { publicKey } = identityFromPrivateKey(identityKey);
  return { site: siteId, identityKey: Buffer.from(publicKey).toString('hex') };
}

/** The content of `tls.pem`. */
export function tlsFile(key: string, certificate: string): string {
  return `${key.trimEnd()}\n${certificate.trimEnd()}\n`;
}
