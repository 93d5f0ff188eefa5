import { z } from 'zod';

import { contentHash } from '../identifiers.ts';
import type { Hash } from '../identifiers.ts';
import { signingPublicKey, signMessage, verifyMessage } from '../keys/ed25519.ts';
import { canonicalJson } from '../plan/canonical-json.ts';
import type { JsonValue } from '../plan/canonical-json.ts';
import { ProtocolError } from '../protocol-error.ts';
import { siteRosterSchema } from './site-roster.ts';
import type { SiteRoster } from './site-roster.ts';

/** Bytes of a signed roster: 20,000 sites of 160 bytes and room to spare. */
export const MAXIMUM_ROSTER_BYTES: number = 4 * 2 ** 20;

const LABEL = 'noren/roster/v1';

/** A roster whose signature holds. */
export interface SignedRoster {
  readonly roster: SiteRoster;
  /** Whose signature it is: Ed25519, 32 bytes. Worth what the reader knows of this key by another way. */
  readonly registrarKey: Uint8Array;
  /** Content address of the signed document; the next roster and every plan name it. */
  readonly hash: Hash;
}

const documentSchema = z.strictObject({
  roster: siteRosterSchema,
  registrarKey: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string().regex(/^[0-9a-f]{128}$/),
});

/** The signed document: canonical JSON (RFC 8785), UTF-8. Throws ProtocolError `invalid-roster`, `invalid-key`. */
export function signRoster(roster: SiteRoster, privateKey: string): Uint8Array {
  const parsed = siteRosterSchema.safeParse(roster);
  if (!parsed.success) throw invalid(`its ${placeOf(parsed.error)}`, parsed.error);
  const registrarKey = hex(signingPublicKey(privateKey));
  const signature = hex(signMessage(statement(parsed.data), privateKey));
  return utf8(canonicalJson({ roster: json(parsed.data), registrarKey, signature }));
}

/**
 * Reads a signed roster. Insists on the one canonical spelling, so that one roster has one content hash.
 * Throws ProtocolError `invalid-roster`.
 */
export function readSignedRoster(bytes: Uint8Array): SignedRoster {
  if (bytes.length > MAXIMUM_ROSTER_BYTES) {
    throw invalid(`it has ${bytes.length} bytes; at most ${MAXIMUM_ROSTER_BYTES} are allowed`);
  }
  const { roster, registrarKey, signature } = parse(bytes);
  if (canonicalJson({ roster: json(roster), registrarKey, signature }) !== new TextDecoder().decode(bytes)) {
    throw invalid('it is not in canonical form (sorted keys, no spaces)');
  }
  const key = unhex(registrarKey);
  if (!verifyMessage(statement(roster), unhex(signature), key)) {
    throw invalid('its signature does not hold: it was changed after the registrar signed it');
  }
  return { roster, registrarKey: key, hash: contentHash(bytes) };
}

function parse(bytes: Uint8Array): z.infer<typeof documentSchema> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid('it is not JSON in UTF-8', cause);
  }
  const parsed = documentSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(`its ${placeOf(parsed.error)}`, parsed.error);
}

/** What is signed: the label keeps a signature of one kind of document from passing for another's. */
function statement(roster: SiteRoster): Uint8Array {
  return utf8(`${LABEL}${canonicalJson(json(roster))}`);
}

function placeOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return `"${(issue?.path ?? []).map(String).join('.') || 'document'}" is not valid: ${issue?.message}`;
}

function invalid(why: string, cause?: unknown): ProtocolError {
  return new ProtocolError('invalid-roster', `The roster cannot be used: ${why}.`, { cause });
}

const json = (roster: SiteRoster): JsonValue => roster as unknown as JsonValue;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
