import { createHmac } from 'node:crypto';
import { participationPeriod, sharesTree, type PlanPrivacy } from '@noren/protocol';

const DRAW_BYTES = 6;

/**
 * Whether a customer is in this round: always, but where rounds share a tree. There every customer has a slot, HMAC-SHA256(tree,
 * identifier) modulo the period, and is in the rounds of that slot, a period apart. So how often it has been in a tree
 * needs no book-keeping that a restart or lost round could confuse, and nothing about the customer leaves the site.
 */
export function isDue(customer: string, privacy: PlanPrivacy): boolean {
  if (!sharesTree(privacy)) return true;
  const { place } = privacy.mechanism;
  if (place === undefined) return false;
  const period = participationPeriod(privacy);
  const digest = createHmac('sha256', Buffer.from(place.tree, 'hex')).update(customer).digest();
  return digest.readUIntBE(0, DRAW_BYTES) % period === (place.leaf - 1) % period;
}
