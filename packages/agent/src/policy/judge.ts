import { groupingRule, largestSumNorm, relearningEpochs, type PlanSurvey, type RoundPlan } from '@noren/protocol';
import { smallestGroup, smallestGroupParameters } from '@noren/secure-aggregation';
import { privacyReasons, type PrivacyFacts } from './judge-privacy.ts';
import type { Hours, SitePolicy } from './policy.ts';

export type Judgement = { readonly accepted: true } | { readonly accepted: false; readonly reason: string };

/** What the judgement depends on besides policy and plan. */
export interface SiteFacts extends PrivacyFacts {
  readonly customers: number;
  readonly now: Date;
  /** When the site joined its latest rounds, ISO 8601. */
  readonly joined: readonly string[];
}

const DAY = 86_400_000;

/**
 * Holds a plan against the site's policy. A refusal names every clause the plan breaks, in words an operator can act
 * on; the reasons hold limits and the plan's own values, never anything about the site's data but its floor.
 */
export function judgePlan(policy: SitePolicy, plan: RoundPlan, site: SiteFacts): Judgement {
  const reasons = [
    ...cohortReasons(policy, plan),
    ...backboneReasons(policy, plan),
    ...effortReasons(policy, plan),
    ...(plan.survey === undefined ? updateReasons(policy, plan) : surveyReasons(policy, plan.survey, plan)),
    ...(site.customers < policy.minimumCustomers
      ? [`this site has fewer than the ${policy.minimumCustomers} customers it asks of itself`]
      : []),
    ...privacyReasons(policy, plan, site),
    ...rateReasons(policy, site),
    ...(policy.registrarKey !== null && plan.roster === null
      ? ['the plan names no roster, this site masks only with sites that its registrar lists']
      : []),
    ...(policy.hours !== null && !withinHours(policy.hours, site.now)
      ? [`this site takes part only from ${policy.hours.from} to ${policy.hours.to} (${policy.hours.timeZone})`]
      : []),
  ];
  return reasons.length === 0 ? { accepted: true } : { accepted: false, reason: reasons.join('; ') };
}

/** The joinings that are less than a day old. */
export function joinedWithinDay(joined: readonly string[], now: Date): readonly string[] {
  return joined.filter((at) => Date.parse(at) > now.getTime() - DAY);
}

/** Whether `at` falls into the hours; the closing minute is outside. */
export function withinHours(hours: Hours, at: Date): boolean {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: hours.timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const time = format.format(at);
  // HH:MM compares as text. Equal ends mean the whole day.
  if (hours.from === hours.to) return true;
  return hours.from < hours.to ? hours.from <= time && time < hours.to : hours.from <= time || time < hours.to;
}

function rateReasons({ maximumRoundsPerDay: most }: SitePolicy, { joined, now }: SiteFacts): string[] {
  const rounds = joinedWithinDay(joined, now).length;
  if (most === null || rounds < most) return [];
  return [`this site has joined ${rounds} rounds within 24 hours, it allows at most ${most}`];
}

function cohortReasons(policy: SitePolicy, { cohort, aggregation }: RoundPlan): string[] {
  const rule = groupingRule(aggregation);
  if (rule.groupSize !== null && !policy.smallGroups) {
    return [
      `the plan compares the sums of groups of ${rule.groupSize} sites, this site is summed with whole cohorts only ` +
        '(its policy can allow "smallGroups")',
    ];
  }
  const sites = smallestGroup(cohort.minimumSites, rule);
  if (sites < policy.minimumSites) {
    return [`the plan adds up ${sites} sites or more, this site asks for at least ${policy.minimumSites}`];
  }
  // What a group's threshold is in a larger cohort is never less; a flat cohort's may be, by some hundredths.
  const { threshold, holders } = smallestGroupParameters(cohort.minimumSites, rule);
  const fraction = threshold / holders;
  return fraction < policy.minimumThresholdFraction
    ? [
        `${percent(fraction)} of the ${holders} sites of a ${rule.topology === 'flat' ? 'neighbourhood' : 'group'} can unmask together, ` +
          `this site asks for at least ${percent(policy.minimumThresholdFraction)}`,
      ]
    : [];
}

/** Whoever chooses encoders and architecture can make them tell more about what was bought (secure aggregation, attack 12). */
function backboneReasons({ backbones }: SitePolicy, { backbone }: RoundPlan): string[] {
  if (backbones === 'all' || backbones.includes(backbone)) return [];
  return [
    `the plan re-learns backbone ${backbone.slice(0, 12)}, which is not among those that this site's policy lists`,
  ];
}

/** What lets an update out, and a model in. */
function updateReasons(policy: SitePolicy, plan: RoundPlan): string[] {
  // Whatever its norm becomes: a site that allows the first round would otherwise leave a later one.
  const clipNorm = largestSumNorm(plan);
  const upTo = plan.privacy?.clipping === undefined ? '' : 'up to ';
  const { maximumClipNorm: most } = policy;
  return [
    ...groupReasons(policy, plan),
    ...gateReasons(policy, plan),
    ...(clipNorm > most ? [`the plan's clip norm is ${upTo}${clipNorm}, this site allows at most ${most}`] : []),
  ];
}

/** A survey shares no group and adopts nothing: its measures are bounded by themselves. It trains many short probes. */
function surveyReasons(policy: SitePolicy, { probes }: PlanSurvey, plan: RoundPlan): string[] {
  const epochs = probes.length * plan.training.epochs;
  const { maximumReferenceEpochs: most } = policy;
  return [
    ...(policy.surveys ? [] : ['this site takes part in no survey']),
    ...(epochs > most ? [`the plan asks for ${epochs} epochs of probes, this site allows at most ${most}`] : []),
  ];
}

function groupReasons(policy: SitePolicy, plan: RoundPlan): string[] {
  const { federatedGroups: allowed } = policy;
  if (allowed === 'all') return [];
  const refused = Object.entries(plan.groups)
    .filter(([name, group]) => group.scope === 'federated' && !allowed.some((pattern) => covers(pattern, name)))
    .map(([name]) => name);
  return refused.length === 0 ? [] : [`this site does not let the update of ${refused.join(', ')} leave`];
}

function effortReasons(policy: SitePolicy, plan: RoundPlan): string[] {
  const limits: [string, number, number][] = [
    ['epochs of re-learning', relearningEpochs(plan.training), policy.maximumEpochs],
    ['epochs of personalisation', plan.personalisation?.epochs ?? 0, policy.maximumEpochs],
    ['epochs for the references', plan.references.epochs, policy.maximumReferenceEpochs],
  ];
  return limits
    .filter(([, asked, allowed]) => asked > allowed)
    .map(([what, asked, allowed]) => `the plan asks for ${asked} ${what}, this site allows at most ${allowed}`);
}

function gateReasons(policy: SitePolicy, { gate }: RoundPlan): string[] {
  const { minimumGateConfidence: least, maximumGateMargin: most } = policy;
  return [
    ...(gate.confidence < least
      ? [`the plan's gate is ${percent(gate.confidence)} confident, this site asks for at least ${percent(least)}`]
      : []),
    ...(gate.margin > most
      ? [`the plan's gate lets ${gate.margin} of NDCG be lost, this site allows at most ${most}`]
      : []),
  ];
}

function covers(pattern: string, group: string): boolean {
  return pattern.endsWith('*') ? group.startsWith(pattern.slice(0, -1)) : pattern === group;
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}
