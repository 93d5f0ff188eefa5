import { createHash, randomBytes } from 'node:crypto';

import { z } from 'zod';

import { siteIdSchema } from '../identifiers.ts';
import type { SiteId } from '../identifiers.ts';
import { federationNameSchema } from '../plan/plan.ts';
import { ProtocolError } from '../protocol-error.ts';

/** What the central operator hands to a site's administrator: where to go, whom to trust, and a secret to use once. */
export interface Invitation {
  readonly version: 1;
  readonly federation: string;
  readonly siteId: SiteId;
  /** host:port of the FederationService. */
  readonly address: string;
  /** host:port of the EnrolmentService. */
  readonly enrolmentAddress: string;
  /** The authority's certificate, PEM. */
  readonly authority: string;
  /** 32 bytes, base64url. */
  readonly token: string;
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
}

const address = z
  .string()
  .max(300)
  .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$/, 'must be host:port')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'must have a port up to 65535');

const invitationSchema: z.ZodType<Invitation, unknown> = z.strictObject({
  version: z.literal(1),
  federation: federationNameSchema,
  siteId: siteIdSchema,
  address,
  enrolmentAddress: address,
  authority: z.string().min(1).max(8192).startsWith('-----BEGIN CERTIFICATE-----'),
  token: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url'),
  expiresAt: z.iso.datetime(),
});

/** Characters of an invitation's text. */
const maximumText = 16_384;

/** A new invitation. Store only `tokenHash` (tokenDigest of the token), never the invitation itself. */
export function createInvitation(o: {
  readonly federation: string;
  readonly siteId: SiteId;
  readonly address: string;
  readonly enrolmentAddress: string;
  readonly authority: string;
  readonly expiresAt: Date;
}): { readonly invitation: Invitation; readonly tokenHash: string } {
  const token = randomBytes(32);
  const invitation = check({
    ...o,
    version: 1,
    token: token.toString('base64url'),
    expiresAt: o.expiresAt.toISOString(),
  });
  return { invitation, tokenHash: tokenDigest(token) };
}

/** SHA-256 of a token, hexadecimal: what a coordinator keeps and looks tokens up by. */
export function tokenDigest(token: Uint8Array): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The text (JSON) that goes into the invitation file. */
export function formatInvitation(invitation: Invitation): string {
  return `${JSON.stringify(invitation, null, 2)}\n`;
}

/** Reads the text of an invitation file. Throws ProtocolError `invalid-invitation`. */
export function parseInvitation(text: string): Invitation {
  if (text.length > maximumText) {
    throw unusable(`it has ${text.length} characters; at most ${maximumText} are allowed`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unusable('it is not JSON', cause);
  }
  return check(value);
}

function check(value: unknown): Invitation {
  const parsed = invitationSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unusable(`its "${(issue?.path ?? []).map(String).join('.')}" ${issue?.message}`, parsed.error);
}

function unusable(why: string, cause?: unknown): ProtocolError {
  const message = `The invitation cannot be used: ${why}. Ask the central operator for a new one.`;
  return new ProtocolError('invalid-invitation', message, { cause });
}
