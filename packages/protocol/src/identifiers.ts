import { createHash } from 'node:crypto';

import { z } from 'zod';

import { ProtocolError } from './protocol-error.ts';

declare const brand: unique symbol;

/** SHA-256 of a whole file, 64 lower-case hexadecimal digits: the address of a backbone, release or candidate. */
export type Hash = string & { readonly [brand]: 'Hash' };

/** A site's name within its federation: lower-case letters, digits and inner hyphens, 1 to 63 characters. */
export type SiteId = string & { readonly [brand]: 'SiteId' };

/** A round's name, unique within its federation: letters, digits, `.`, `_` and `-`, 1 to 64 characters. */
export type RoundId = string & { readonly [brand]: 'RoundId' };

const hashPattern = /^[0-9a-f]{64}$/;
const siteIdPattern = /^[a-z0-9][a-z0-9-]{0,62}$/;
const roundIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const hashSchema: z.ZodType<Hash, string> = z
  .string()
  .refine((text): text is Hash => hashPattern.test(text), 'must be 64 lower-case hexadecimal digits');

export const siteIdSchema: z.ZodType<SiteId, string> = z
  .string()
  .refine((text): text is SiteId => siteIdPattern.test(text), 'must be 1 to 63 lower-case letters, digits or hyphens');

export const roundIdSchema: z.ZodType<RoundId, string> = z
  .string()
  .refine((text): text is RoundId => roundIdPattern.test(text), 'must be 1 to 64 letters, digits, dots or hyphens');

function identifier<T extends string>(schema: z.ZodType<T, string>, what: string, text: string): T {
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  const shown = JSON.stringify(text.slice(0, 80));
  throw new ProtocolError('invalid-message', `${shown} is not a ${what}: it ${parsed.error.issues[0]?.message}`);
}

/** Throws ProtocolError `invalid-message` unless the text is 64 lower-case hexadecimal digits. */
export function parseHash(text: string): Hash {
  return identifier(hashSchema, 'content hash', text);
}

/** Throws ProtocolError `invalid-message` unless the text matches `^[a-z0-9][a-z0-9-]{0,62}$`. */
export function parseSiteId(text: string): SiteId {
  return identifier(siteIdSchema, 'site id', text);
}

/** Throws ProtocolError `invalid-message` unless the text is 1 to 64 letters, digits, dots, underscores or hyphens. */
export function parseRoundId(text: string): RoundId {
  return identifier(roundIdSchema, 'round id', text);
}

/** The content address of a file: its SHA-256. */
export function contentHash(bytes: Uint8Array): Hash {
  return createHash('sha256').update(bytes).digest('hex') as Hash;
}
