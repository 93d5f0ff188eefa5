import type { SiteSource } from '@noren/dataset';
import { INTEGER_ORDERS, privacyLoss, type GaussianSteps } from '@noren/privacy';
import {
  participationPeriod,
  privacyCost,
  sharesTree,
  treeSteps,
  type PlanPrivacy,
  type RoundPlan,
} from '@noren/protocol';
import { treeFault, type PaidTree } from '../privacy-ledger/privacy-ledger.ts';
import type { SitePolicy } from './policy.ts';

/** What the judgement of a plan's privacy depends on besides policy and plan. */
export interface PrivacyFacts {
  readonly siteId: string;
  readonly source: SiteSource;
  /** What was spent before on the asset that the policy names. */
  readonly spent: readonly GaussianSteps[];
  /** What was paid before for the tree that the plan names; null where it names none, or a new one. */
  readonly paidTree: PaidTree | null;
}

/** Why the site's policy does not let its customers' data into this plan; empty if it does. */
export function privacyReasons(policy: SitePolicy, plan: RoundPlan, site: PrivacyFacts): string[] {
  if (plan.privacy == null) return exactReasons(policy);
  return [
    ...floorReasons(policy, plan.privacy),
    ...treeReasons(plan.privacy, site.paidTree),
    ...budgetReasons(policy, plan.privacy, site),
    ...dataReasons(site.source),
    ...(plan.privacy.homes !== null && !plan.privacy.homes.sites.includes(site.siteId)
      ? ['no customer is at home at this site: the plan does not list it among the homes']
      : []),
  ];
}

function exactReasons({ privacyBudget, minimumNoiseMultiplier }: SitePolicy): string[] {
  if (privacyBudget === null && minimumNoiseMultiplier === 0) return [];
  return ["the plan's sums are exact, this site takes part only in private rounds"];
}

function floorReasons(policy: SitePolicy, privacy: PlanPrivacy): string[] {
  const { mode, delta } = privacy;
  const { noiseMultiplier, what } = leastNoise(privacy);
  const { minimumNoiseMultiplier: least, privacyModes: modes, privacyBudget: budget } = policy;
  return [
    ...(noiseMultiplier < least
      ? [`the plan's noise multiplier${what} is ${noiseMultiplier}, this site asks for at least ${least}`]
      : []),
    ...(modes.includes(mode)
      ? []
      : [`the plan's noise is ${mode}, this site takes part only where it is ${modes.join(' or ')}`]),
    ...assumptionReasons(policy, privacy),
    ...(budget !== null && delta > budget.delta
      ? [`the plan's delta is ${delta}, this site allows at most ${budget.delta}`]
      : []),
  ];
}

/**
 * What a plan takes for granted is as good as noise: a coordinator that says that nobody is in league with it, or that no customer
 * buys at two sites, lets every site add too little.
 */
function assumptionReasons(
  { minimumColluding: colluding, minimumSitesPerCustomer: sites }: SitePolicy,
  privacy: PlanPrivacy,
): string[] {
  return [
    ...(privacy.mode === 'distributed' && privacy.colluding < colluding
      ? [`the plan's noise allows for ${privacy.colluding} colluding sites, this site asks for at least ${colluding}`]
      : []),
    ...(privacy.homes === null && privacy.sitesPerCustomer < sites
      ? [`the plan counts a customer at ${privacy.sitesPerCustomer} site(s), this site asks for at least ${sites}`]
      : []),
  ];
}

function treeReasons(privacy: PlanPrivacy, paid: PaidTree | null): string[] {
  if (!sharesTree(privacy)) return [];
  const { leaf = 0 } = privacy.mechanism.place ?? {};
  const terms = { leaf, period: participationPeriod(privacy), steps: treeSteps(privacy) };
  const fault = treeFault(paid, terms, privacy.noiseMultiplier);
  return fault === null ? [] : [fault];
}

/** Of one round's sum; of a tree, as much as all its rounds leave a customer with: n steps of a Gaussian are one of z / sqrt(n). */
function leastNoise(privacy: PlanPrivacy): { readonly noiseMultiplier: number; readonly what: string } {
  const { noiseMultiplier } = privacy;
  if (!sharesTree(privacy)) return { noiseMultiplier, what: '' };
  const whole = noiseMultiplier / Math.sqrt(treeSteps(privacy));
  return { noiseMultiplier: Number(whole.toPrecision(6)), what: ' over a whole tree' };
}

function budgetReasons(
  { privacyBudget: budget }: SitePolicy,
  privacy: PlanPrivacy,
  { spent, paidTree }: PrivacyFacts,
): string[] {
  // A tree is paid for as a whole in its first round.
  if (budget === null || paidTree !== null) return [];
  const { epsilon } = privacyLoss([...spent, privacyCost(privacy, 1)], budget.delta, INTEGER_ORDERS);
  if (epsilon <= budget.epsilon) return [];
  return [
    `with this round the privacy spent would be epsilon ${epsilon.toFixed(3)} at delta ${budget.delta}, ` +
      `this site's budget is ${budget.epsilon}`,
  ];
}

/** Whatever one customer's purchases change in how the others' are read would be felt in everybody's gradient. */
function dataReasons({ minimumItemPurchases, interactions }: SiteSource): string[] {
  // Either one alone prices the items that have none in the catalogue.
  const { price, regularPrice } = interactions.columns;
  return [
    ...(minimumItemPurchases > 1
      ? ['this site leaves out items that are seldom bought, so that one customer decides about what others bought']
      : []),
    ...(price === undefined && regularPrice === undefined
      ? []
      : ["this site's item prices are what customers paid; a private round needs prices from the catalogue"]),
  ];
}
