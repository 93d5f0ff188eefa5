import type { SiteRecord } from '@noren/secure-aggregation';
import { z } from 'zod';
import { writeAtomically } from '../home/atomic-file.ts';
import { readBytes } from '../home/read-bytes.ts';

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((text) => new Uint8Array(Buffer.from(text, 'hex')));
const place = z.int().min(0).max(0xffff);
const id = z.string().max(128);

const signedSchema = z.strictObject({
  version: z.literal(1),
  roundId: id,
  planHash: hash,
  siteId: id,
  signed: z.strictObject({
    keys: hash,
    shares: hash.nullable(),
    masked: hash.nullable(),
    survivors: hash.nullable(),
    reveal: hash.nullable(),
  }),
  roster: z
    .strictObject({
      hash,
      sites: hash,
      shown: z.array(z.strictObject({ siteId: id, identityKey: hash, keys: hash })).max(0xffff),
      signers: z.array(place),
      witnesses: place,
    })
    .nullable(),
  sharingSites: z.array(place).nullable(),
  survivors: z.array(place).nullable(),
});

/** Null where there is none, or none that this version can read. */
export async function readSigned(file: string): Promise<{ record: SiteRecord; bytes: Uint8Array } | null> {
  const bytes = await readBytes(file).catch(() => null);
  if (bytes === null) return null;
  try {
    const { version: _version, ...record } = signedSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    return { record, bytes };
  } catch {
    return null;
  }
}

/** On disk when it resolves. */
export function writeSigned(file: string, record: SiteRecord): Promise<void> {
  const hashes = (_key: string, value: unknown): unknown =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  return writeAtomically(file, `${JSON.stringify({ version: 1, ...record }, hashes)}\n`);
}
