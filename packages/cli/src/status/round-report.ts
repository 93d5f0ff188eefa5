import type { RoundView } from '@noren/protocol/console';

import type { Phrases } from '../language/phrases.ts';
import { minuteText } from '../terminal/moment.ts';
import { bytesText, secondsText } from '../terminal/quantity.ts';
import { displayWidth } from '../terminal/table.ts';
import { shownGroups } from './group-table.ts';

/** One round, for people: how it ended, who is in its sum and who is not, and its groups where there are several. */
export function roundReport(round: RoundView, { federation }: Phrases, options: { readonly all: boolean }): string {
  const { columns, phase } = federation;
  const { endedAt, startedAt, survivors, cohort } = round;
  const length =
    endedAt === null ? '' : `, ${federation.took(secondsText(Date.parse(endedAt) - Date.parse(startedAt)))}`;
  const kind = round.kind === 'survey' ? ` (${federation.survey})` : '';
  const reason = round.reason ?? round.waitingFor;
  const groups = shownGroups(round, federation, options);
  return [
    `${federation.round(round.number)}${kind}: ${phase[round.outcome ?? round.phase]}`,
    facts([
      [federation.started, `${minuteText(startedAt)}${length}`],
      ...round.resumedAt.map((at) => [federation.resumed, minuteText(at)] as const),
      [columns.inSum, federation.of(survivors.length, cohort.length)],
      [columns.uploaded, bytesText(round.bytesUp)],
      ...(reason === null ? [] : ([[columns.reason, reason]] as const)),
      ...round.dropped.map((lost) => [federation.dropped, `${lost.site} (${phase[lost.at]}): ${lost.reason}`] as const),
      ...round.refused.map((refusal) => [federation.refused, `${refusal.site}: ${refusal.reason}`] as const),
    ]),
    ...(groups === null ? [] : ['', groups]),
  ].join('\n');
}

/** Terms in a column of their own; a term that repeats is said once. */
function facts(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([term]) => displayWidth(term)));
  return lines
    .map(([term, text], index) => {
      const shown = lines[index - 1]?.[0] === term ? '' : term;
      return `  ${shown}${' '.repeat(width - displayWidth(shown))}  ${text}`;
    })
    .join('\n');
}
