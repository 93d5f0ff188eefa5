import { z } from 'zod';

import { hashSchema, siteIdSchema } from '../identifiers.ts';
import type { Hash, SiteId } from '../identifiers.ts';
import { federationNameSchema } from '../plan/plan.ts';

/** A site as the registrar knows it. */
export interface RosterSite {
  readonly site: SiteId;
  /** Ed25519, 32 bytes, 64 lower-case hexadecimal digits: signs the site's masking messages. */
  readonly identityKey: string;
  /** A suspended site stays listed, so that its key stays taken. */
  readonly status: 'active' | 'suspended';
}

/**
 * Who may mask together. Written and signed by the registrar, who is not the coordinator: a coordinator that could name
 * the members itself could surround one site with members of its own making (Boenisch et al. 2023).
 */
export interface SiteRoster {
  readonly version: 1;
  readonly federation: string;
  /** 1, 2, 3, ...; every roster replaces the one before. */
  readonly epoch: number;
  /** Content hash of the signed roster before this one; null for the first. */
  readonly previousRoster: Hash | null;
  /**
   * 32 bytes, hexadecimal, from which rounds of many sites are divided into groups (secure aggregation, attack 17). Drawn by
   * the registrar for this roster, after its sites were named: neither the coordinator nor a site had a say in it.
   */
  readonly groupSeed: string;
  /** Ascending by site id (UTF-16 code units). */
  readonly sites: readonly RosterSite[];
}

/** Sites of a roster. */
export const MAXIMUM_ROSTER_SITES = 20_000;

const rosterSite: z.ZodType<RosterSite, unknown> = z.strictObject({
  site: siteIdSchema,
  identityKey: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
  status: z.enum(['active', 'suspended']),
});

export const siteRosterSchema: z.ZodType<SiteRoster, unknown> = z.strictObject({
  version: z.literal(1),
  federation: federationNameSchema,
  epoch: z.int().min(1).max(0xffff_ffff),
  previousRoster: hashSchema.nullable(),
  groupSeed: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
  sites: z
    .array(rosterSite)
    .max(MAXIMUM_ROSTER_SITES)
    .refine((sites) => sites.every(({ site }, at) => at === 0 || site > (sites[at - 1]?.site ?? '')), {
      message: 'sites must stand in ascending order, each once',
    })
    .refine((sites) => new Set(sites.map(({ identityKey }) => identityKey)).size === sites.length, {
      message: 'two sites have one identity key: one could stand for the other',
    }),
});
