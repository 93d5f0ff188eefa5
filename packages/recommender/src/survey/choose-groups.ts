import type { PlanSurvey } from '@noren/protocol';
import { modalities, type ModalityName, type RecommenderConfig } from '../config/recommender-config.ts';
import { RecommenderError } from '../errors.ts';
import { isUsed, parameterGroups } from '../parameters/groups.ts';
import { shown, type Choice } from './choice.ts';
import { estimateOf, lowerBoundOverSites } from './estimate.ts';
import { EVERYTHING, isItemSide, REINITIALISED, type PlanStart } from './survey-plan.ts';
import type { OpenedSurvey } from './survey-vector.ts';

/** How much less than the best a smaller set may gain: NDCG, or standard errors of the best's gain. */
export type Tolerance = { readonly ndcg: number } | { readonly standardErrors: number };

/** Which sets come into question. */
interface GroupQuestion {
  readonly config: RecommenderConfig;
  readonly survey: PlanSurvey;
  readonly start: PlanStart;
  readonly stage: readonly ModalityName[];
}

/** Groups that a decision names; a deep model has more than a sentence holds. */
const LISTED = 8;

interface Candidate {
  readonly measure: string;
  readonly groups: readonly string[];
  readonly bytes: number;
  readonly gain: number;
  readonly standardError: number;
}

/**
 * The smallest set of parameter groups, in bytes that travel, whose probe gained at most `tolerance` less than the best probe
 * from this start. Groups that no modality of the plan uses are left out.
 */
export function chooseGroups(
  opened: OpenedSurvey,
  o: GroupQuestion & { readonly tolerance: Tolerance },
): Choice<readonly string[]> {
  const candidates = candidateSets(opened, o);
  const best = candidates.toSorted((a, b) => b.gain - a.gain)[0];
  if (best === undefined) throw unasked();
  const { tolerance } = o;
  const allowed = 'ndcg' in tolerance ? tolerance.ndcg : tolerance.standardErrors * best.standardError;
  const chosen = candidates
    .filter(({ gain }) => gain >= best.gain - allowed)
    .reduce((least, one) => (one.bytes < least.bytes ? one : least), best);
  const rest = chosen === best ? 'the most of all sets' : `of ${shown(best.gain)} that the best set gains`;
  const decision =
    `Re-learned and shared: ${listed(chosen)}; ` +
    `a probe gains ${shown(chosen.gain)} NDCG, ${rest} (tolerance ${allowed.toFixed(4)}).`;
  return { value: chosen.groups, decision, measures: [...new Set([chosen.measure, best.measure])] };
}

/**
 * Everything that the plan's modalities use, unless the best smaller set is surely better: over many rounds and sites more can be
 * learned than a short probe at one site shows, so what does not hurt stays in.
 *
 * @param confidence one-sided, over sites
 */
export function leaveOutGroups(
  opened: OpenedSurvey,
  o: GroupQuestion & { readonly confidence: number },
): Choice<readonly string[]> {
  const everything = o.start === 'reinit' ? REINITIALISED : EVERYTHING;
  const candidates = candidateSets(opened, o);
  const all = candidates.find(({ measure }) => measure === `gain.${everything}`);
  if (all === undefined) throw unasked();
  const best = candidates.filter((one) => one !== all).toSorted((a, b) => b.gain - a.gain)[0];
  if (best === undefined) {
    return { value: all.groups, decision: `Re-learned and shared: ${listed(all)}.`, measures: [all.measure] };
  }
  const measure = `${best.measure}/${everything}`;
  const { mean, standardError } = estimateOf(opened, measure);
  const ahead = lowerBoundOverSites(opened, measure, o.confidence) > 0;
  const smaller = `the best smaller set, ${listed(best)}, gains ${shown(mean)} NDCG over it (standard error ${standardError.toFixed(4)})`;
  const decision = ahead
    ? `Re-learned and shared: ${listed(best)}; it gains ${shown(mean)} NDCG over re-learning everything.`
    : `Re-learned and shared: everything (${kibibytes(all)}); ${smaller}.`;
  return { value: ahead ? best.groups : all.groups, decision, measures: [all.measure, measure] };
}

function listed(set: Candidate): string {
  const more = set.groups.length > LISTED ? ` and ${set.groups.length - LISTED} more` : '';
  return `${set.groups.slice(0, LISTED).join(', ')}${more} (${kibibytes(set)})`;
}

function kibibytes({ bytes }: Candidate): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}

function unasked(): RecommenderError {
  return new RecommenderError(
    'survey-invalid',
    'The survey tried no set of groups. Start a new one with the defaults.',
  );
}

function candidateSets(opened: OpenedSurvey, { config, survey, start, stage }: GroupQuestion): Candidate[] {
  const bytes = new Map(
    parameterGroups(config).flatMap(({ name, tensors }) => {
      const used = tensors.filter((tensor) => isUsed(tensor.name, stage));
      const values = tensors.reduce((sum, { shape }) => sum + shape.reduce((size, length) => size * length, 1), 0);
      return used.length === 0 ? [] : [[name, 4 * values] as const];
    }),
  );
  const anew = start === 'reinit' ? itemSideOf(config) : [];
  return survey.probes.flatMap(({ name, reinit, trained, modalities: seen }): Candidate[] => {
    if (seen.length !== modalities.length || !sameSet(reinit, anew)) return [];
    const groups = trained.filter((group) => bytes.has(group));
    if (groups.length === 0) return [];
    const { mean, standardError } = estimateOf(opened, `gain.${name}`);
    const size = groups.reduce((sum, group) => sum + (bytes.get(group) ?? 0), 0);
    return [{ measure: `gain.${name}`, groups, bytes: size, gain: mean, standardError }];
  });
}

function itemSideOf(config: RecommenderConfig): readonly string[] {
  return parameterGroups(config)
    .map(({ name }) => name)
    .filter(isItemSide);
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
}
