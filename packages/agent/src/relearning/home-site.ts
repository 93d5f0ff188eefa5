import { createHmac } from 'node:crypto';
import type { PlanPrivacy } from '@noren/protocol';

/**
 * Whether a customer counts at this site. Of several sites that know a customer by the same identifier, letter by letter,
 * exactly one is the home: the one whose HMAC-SHA256(salt, identifier, site) is the largest (rendezvous hashing, Thaler and
 * Ravishankar 1998), so that a site more or less moves only its own customers. Nothing about the customer leaves the site.
 */
export function isHome(customer: string, site: string, homes: PlanPrivacy['homes']): boolean {
  if (homes === null) return true;
  const key = Buffer.from(homes.salt, 'hex');
  const weight = (of: string): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([customer, of]))
      .digest('hex');
  const own = weight(site);
  return homes.sites.includes(site) && homes.sites.every((other) => other === site || weight(other) < own);
}
