import type { MaskingTraffic } from '@noren/protocol';
import type { Assurance, Fears } from '@noren/secure-aggregation';

import type { SecrecyPhrases } from '../language/secrecy.ts';
import { percentText, probabilityText } from '../terminal/probability.ts';
import { bytesText } from '../terminal/quantity.ts';
import { renderTable } from '../terminal/table.ts';

export interface Secrecy {
  readonly fears: Fears;
  readonly assurance: Assurance;
  readonly traffic: MaskingTraffic;
  /** Bytes of a site's masked update; null without a backbone. */
  readonly updateBytes: number | null;
}

/** What `noren plan secrecy` prints. */
export function secrecyReport(secrecy: Secrecy, phrases: SecrecyPhrases): string {
  const { fears, assurance, traffic, updateBytes } = secrecy;
  const sections = [
    [divisionText(fears, assurance, phrases), ...windowText(fears, assurance, phrases)].join('\n'),
    countTable(assurance, phrases),
    phrases.counts,
    eventTable(fears, assurance, phrases),
    [
      ...spoiltText(fears, assurance, phrases),
      phrases.traffic(bytesText(traffic.sent), bytesText(traffic.received)),
      phrases.update(String(assurance.ringBits), updateBytes === null ? null : bytesText(updateBytes)),
    ].join('\n'),
  ];
  return sections.join('\n\n');
}

function divisionText({ sites, robust }: Fears, assurance: Assurance, phrases: SecrecyPhrases): string {
  const groups = groupsOf(assurance);
  if (robust !== null) {
    return phrases.comparedGroups(text(sites), text(groups), phrases.combinations[robust.combination]);
  }
  const { sites: all, holders } = assurance.groups[0]!;
  if (holders < all) return phrases.flat(text(sites), text(holders - 1), text(holders));
  return groups === 1 ? phrases.oneGroup(text(sites)) : phrases.addedGroups(text(sites), text(groups));
}

function windowText({ sites, registered }: Fears, { groups }: Assurance, phrases: SecrecyPhrases): string[] {
  const widest = Math.max(...groups.map(({ window }) => window ?? 0));
  return widest === 0 || registered === sites ? [] : [phrases.window(text(registered), text(widest))];
}

function countTable({ groups }: Assurance, { columns }: SecrecyPhrases): string {
  const titles = [
    columns.groups,
    columns.sites,
    columns.threshold,
    columns.inSum,
    columns.lostBefore,
    columns.lostAfter,
    columns.passive,
    columns.active,
  ];
  const rows = groups.map((group) => [
    group.groups,
    group.sites,
    group.threshold,
    group.minimumSurvivors,
    group.lostBeforeMaskingEnds,
    group.lostAfter,
    group.colluding.passive,
    group.colluding.active,
  ]);
  return renderTable(
    titles.map((title) => ({ title, align: 'right' })),
    rows.map((row) => row.map(text)),
  );
}

function eventTable(
  { corruptFraction, lostFraction, robust }: Fears,
  assurance: Assurance,
  phrases: SecrecyPhrases,
): string {
  const { corrupt, lost, log2Broken, log2BrokenByChoice, log2Lost, spoiling } = assurance;
  const [corruptShare, lostShare] = [percentText(corruptFraction), percentText(lostFraction)];
  const events: (readonly [string, number])[] = [
    [phrases.brokenPassive(corruptShare, text(corrupt)), log2Broken.passive],
    [phrases.brokenActive(corruptShare, text(corrupt)), log2Broken.active],
    ...(log2BrokenByChoice === null
      ? []
      : [[phrases.brokenByChoice(corruptShare, text(corrupt)), log2BrokenByChoice] as const]),
    [phrases.groupLost(lostShare, text(lost)), log2Lost.group],
    ...(groupsOf(assurance) > 1 ? [[phrases.anyGroupLost(lostShare, text(lost)), log2Lost.any] as const] : []),
  ];
  if (robust !== null && spoiling !== null) {
    const name = phrases.combinations[robust.combination];
    const { breakdown, ofSites, byChance } = spoiling;
    events.push(
      [phrases.brokenDown(text(corrupt), name, text(breakdown), text(groupsOf(assurance))), ofSites.log2BrokenDown],
      [phrases.brokenDownByChance(corruptShare, name), byChance.log2BrokenDown],
    );
  }
  return renderTable(
    [{ title: phrases.columns.event }, { title: phrases.columns.probability, align: 'right' }],
    events.map(([event, log2]) => [event, probabilityText(log2, phrases.never)]),
  );
}

function spoiltText({ corruptFraction }: Fears, { corrupt, spoiling }: Assurance, phrases: SecrecyPhrases): string[] {
  if (spoiling === null) return [];
  return [
    phrases.spoiltGroups(percentText(corruptFraction), text(corrupt), percentText(spoiling.ofSites.share)),
    phrases.eachRound,
  ];
}

function groupsOf({ groups }: Assurance): number {
  return groups.reduce((sum, group) => sum + group.groups, 0);
}

function text(value: number): string {
  return value.toLocaleString('en');
}
