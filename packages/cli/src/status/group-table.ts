import type { GroupView, RoundView } from '@noren/protocol/console';

import type { FederationPhrases } from '../language/federation-phrases.ts';
import { renderTable } from '../terminal/table.ts';

/** Up to so many groups a table shows all of them; beyond, those that somebody may have to look at. */
const MOST_ROWS = 20;

/**
 * The groups of a round: how many are in the result, a table, and the sites of those that are not or that stand out. Null for a
 * round of one group.
 */
export function shownGroups(
  { groups }: RoundView,
  phrases: FederationPhrases,
  options: { readonly all: boolean },
): string | null {
  if (groups.length === 0) return null;
  const numbered = groups.map((group, index) => ({ ...group, number: index + 1 }));
  const conspicuous = numbered.filter(({ fault, outlying }) => fault !== null || outlying === true);
  const shown = options.all || groups.length <= MOST_ROWS ? numbered : conspicuous;
  const hidden = groups.length - shown.length;
  return [
    headline(groups, phrases),
    ...(shown.length === 0 ? [] : ['', table(shown, phrases)]),
    ...(hidden === 0 ? [] : ['', phrases.othersInResult(hidden)]),
    ...memberLines(conspicuous, phrases),
  ].join('\n');
}

type NumberedGroup = GroupView & { readonly number: number };

function headline(groups: readonly GroupView[], phrases: FederationPhrases): string {
  const inResult = phrases.groupsInResult(groups.length, groups.filter(({ fault }) => fault === null).length);
  if (groups.every(({ outlying }) => outlying === null)) return inResult;
  return `${inResult} ${phrases.groupsOutlying(groups.filter(({ outlying }) => outlying === true).length)}`;
}

function table(groups: readonly NumberedGroup[], phrases: FederationPhrases): string {
  const { columns } = phrases;
  const figures = [columns.group, columns.sites, columns.norm, columns.cosine];
  return renderTable(
    [...figures.map((title) => ({ title, align: 'right' as const })), { title: columns.result }],
    groups.map(({ number, survivors, norm, cosine, fault, outlying }) => [
      String(number),
      String(survivors.length),
      norm === null ? '' : norm.toPrecision(3),
      cosine === null ? '' : cosine.toFixed(3),
      [
        fault === null ? phrases.inResult : phrases.outOfResult(fault),
        ...(outlying === true ? [phrases.standsOut] : []),
      ].join('; '),
    ]),
  );
}

function memberLines(groups: readonly NumberedGroup[], phrases: FederationPhrases): readonly string[] {
  const lines = groups.flatMap(({ number, survivors }) =>
    survivors.length === 0 ? [] : [phrases.membersOf(number, survivors.join(', '))],
  );
  return lines.length === 0 ? [] : ['', ...lines];
}
