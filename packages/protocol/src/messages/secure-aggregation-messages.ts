import type {
  ConsistencyRequest,
  KeyAdvertisement,
  KeyRoster,
  RevealedShare,
  RevealedShares,
  RevealRequest,
  SealedShares,
  ShareDelivery,
  SurvivorSignature,
} from '@noren/secure-aggregation';
import { z } from 'zod';

import type { noren } from '../generated/noren.js';
import { roundIdSchema, siteIdSchema } from '../identifiers.ts';
import { MAXIMUM_SITES } from '../plan/plan.ts';
import { MAXIMUM_COHORT } from '../plan/plan-aggregation.ts';
import { bytesField } from './wire-codec.ts';

// The messages are @noren/secure-aggregation's. Sizes in bytes: X25519 keys 32 (RFC 7748), Ed25519 signatures 64
// (RFC 8032), SHA-256 32. What signatures and hashes mean is checked by that package.

const key = bytesField(32);
const digest = bytesField(32);
const signature = bytesField(64);
/** Room for a share of either secret in any encoding; the present one takes about 100 bytes. */
const shareBytes = bytesField(1, 256);
const place = z
  .int()
  .min(0)
  .max(MAXIMUM_COHORT - 1);

/** Of a flat cohort all are counted; in all else a site has to do with its group or its neighbours. Strictly ascending, so no site counts twice. */
const places = z
  .array(place)
  .max(MAXIMUM_COHORT)
  .refine(
    (list) => list.every((value, index) => index === 0 || value > (list[index - 1] ?? -1)),
    'must be strictly ascending',
  );

const advertisement = z.object({
  roundId: roundIdSchema,
  siteId: siteIdSchema,
  channelKey: key,
  maskKey: key,
  selfMaskCommitment: digest,
  nonce: bytesField(16, 32),
  signature,
});

/** Of those with whom a site shares, and of those that sign for all. */
const MAXIMUM_KEYS = 2 * MAXIMUM_SITES;

const sealedShare = z.object({ from: place, to: place, ciphertext: shareBytes });
const sealedShareList = z.array(sealedShare).max(MAXIMUM_SITES);

type RevealedShareWire = noren.v1.RevealedShare.$Properties;

const revealedShare: z.ZodType<RevealedShare, RevealedShareWire> = z.codec(
  z.custom<RevealedShareWire>((value) => typeof value === 'object' && value !== null, 'must be a share'),
  z.object({ of: place, share: z.object({ kind: z.enum(['self-mask', 'mask-key']), value: shareBytes }) }),
  {
    decode: (wire) => ({
      of: wire.of ?? -1,
      share:
        wire.share === 'maskKey'
          ? { kind: 'mask-key' as const, value: wire.maskKey ?? new Uint8Array() }
          : { kind: 'self-mask' as const, value: wire.selfMask ?? new Uint8Array() },
    }),
    encode: ({ of, share }) =>
      share.kind === 'mask-key' ? { of, maskKey: share.value } : { of, selfMask: share.value },
  },
);

export const keyAdvertisementSchema: z.ZodType<KeyAdvertisement, noren.v1.KeyAdvertisement.$Properties> = advertisement;

export const keyRosterSchema: z.ZodType<KeyRoster, noren.v1.KeyRoster.$Properties> = z
  .object({
    roundId: roundIdSchema,
    advertisements: z.array(advertisement).max(MAXIMUM_KEYS),
    identityKeys: z.array(key).max(MAXIMUM_KEYS),
    cohort: z.array(siteIdSchema).max(MAXIMUM_COHORT),
  })
  .refine((roster) => roster.advertisements.length === roster.identityKeys.length, {
    path: ['identityKeys'],
    message: 'must hold one key for each advertisement',
  });

export const sealedSharesSchema: z.ZodType<SealedShares, noren.v1.SealedShares.$Properties> = z.object({
  roundId: roundIdSchema,
  rosterHash: digest,
  shares: sealedShareList,
  signature,
});

export const shareDeliverySchema: z.ZodType<ShareDelivery, noren.v1.ShareDelivery.$Properties> = z.object({
  roundId: roundIdSchema,
  sharingSites: places,
  shares: sealedShareList,
});

export const consistencyRequestSchema: z.ZodType<ConsistencyRequest, noren.v1.ConsistencyRequest.$Properties> =
  z.object({ roundId: roundIdSchema, survivors: places });

export const survivorSignatureSchema: z.ZodType<SurvivorSignature, noren.v1.SurvivorSignature.$Properties> = z.object({
  roundId: roundIdSchema,
  signature,
});

export const revealRequestSchema: z.ZodType<RevealRequest, noren.v1.RevealRequest.$Properties> = z.object({
  roundId: roundIdSchema,
  survivors: places,
  witnesses: z.array(z.object({ site: place, signature })).max(MAXIMUM_SITES),
});

export const revealedSharesSchema: z.ZodType<RevealedShares, noren.v1.RevealedShares.$Properties> = z.object({
  roundId: roundIdSchema,
  shares: z.array(revealedShare).max(MAXIMUM_SITES),
  signature,
});
