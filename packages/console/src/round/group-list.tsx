import { useState } from 'react';
import type { ReactElement } from 'react';

import type { RoundView } from '@noren/protocol/console';
import { useSpeech } from '../language/language.tsx';
import { StatusMark } from '../status/status-mark.tsx';
import { groupLook } from '../status/status.ts';
import { roundGroups } from './group-standing.ts';
import type { NumberedGroup, RoundGroups } from './group-standing.ts';

/** Up to so many groups all have a row; of more, those somebody may have to look at, until all are asked for. */
const FEW_GROUPS = 6;
const MOST_ROWS = 20;
/** More cells say nothing that the numbers beside them do not. */
const MOST_CELLS = 500;
const MOST_NAMES = 8;

/** The groups of a round: how many are in the result, one cell for each, and why others are out or stand out. */
export function GroupList(props: { round: RoundView; nameOf: (site: string) => string }): ReactElement | null {
  const { words, formats } = useSpeech();
  const [all, setAll] = useState(false);
  const found = roundGroups(props.round);
  if (found === null) return null;
  const { groups, conspicuous } = found;
  const some = groups.length <= FEW_GROUPS ? groups : conspicuous.slice(0, MOST_ROWS);
  const rows = all ? groups : some;
  return (
    <div className="group-list" role="group" aria-label={words.groups}>
      <p className="group-sum">
        <strong>{words.groupsInResult(formats.integer(groups.length), formats.integer(found.inResult))}</strong>
        {found.outlying === null ? null : (
          <span title={words.outlyingNote}>
            {words.groupsOutlying(found.outlying, formats.integer(found.outlying))}
          </span>
        )}
      </p>
      {groups.length > FEW_GROUPS && groups.length <= MOST_CELLS ? <GroupCells found={found} /> : null}
      {rows.length === 0 ? null : <GroupTable rows={rows} nameOf={props.nameOf} />}
      {groups.length > some.length ? (
        <button type="button" className="more" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? words.showFewer : words.showAllGroups(formats.integer(groups.length))}
        </button>
      ) : null}
      {found.outlying === null || found.outlying === 0 ? null : (
        <p className="faint group-note">{words.outlyingNote}</p>
      )}
    </div>
  );
}

/** One cell a group; height carries the standing besides the colour, as in a site's history. */
function GroupCells({ found }: { found: RoundGroups }): ReactElement {
  const { words, formats } = useSpeech();
  const counts = (['counted', 'outlying', 'out'] as const).flatMap((standing) => {
    const count = found.groups.filter((group) => group.standing === standing).length;
    return count === 0 ? [] : [`${formats.integer(count)} ${words.groupStanding[standing]}`];
  });
  return (
    <span className="group-cells" role="img" aria-label={formats.list(counts)}>
      {found.groups.map(({ number, standing }) => (
        <span
          key={number}
          className={`group-cell group-${standing}`}
          data-tone={groupLook[standing].tone}
          title={`${words.group(formats.integer(number))}: ${words.groupStanding[standing]}`}
        />
      ))}
    </span>
  );
}

function GroupTable(props: { rows: readonly NumberedGroup[]; nameOf: (site: string) => string }): ReactElement {
  const { words } = useSpeech();
  return (
    <div className="group-scroll">
      <table className="group-table">
        <thead>
          <tr>
            <th scope="col">{words.columnGroup}</th>
            <th scope="col">{words.columnResult}</th>
            <th scope="col" className="number group-norm">
              <span title={words.normNote}>{words.columnNorm}</span>
            </th>
            <th scope="col" className="number">
              <span title={words.cosineNote}>{words.columnCosine}</span>
            </th>
            <th scope="col" className="group-sites">
              {words.columnGroupSites}
            </th>
          </tr>
        </thead>
        <tbody>
          {props.rows.map((group) => (
            <GroupRow key={group.number} group={group} nameOf={props.nameOf} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function GroupRow({ group, nameOf }: { group: NumberedGroup; nameOf: (site: string) => string }): ReactElement {
  const { words, formats } = useSpeech();
  const { standing, fault, outlying, norm, cosine } = group;
  const sites = <GroupSites survivors={group.survivors} nameOf={nameOf} />;
  return (
    <tr>
      <th scope="row">{formats.integer(group.number)}</th>
      <td className="group-result">
        <StatusMark look={groupLook[standing]}>{words.groupStanding[standing]}</StatusMark>
        {standing === 'out' && outlying === true ? (
          <>
            {' '}
            <StatusMark look={groupLook.outlying}>{words.standsOut}</StatusMark>
          </>
        ) : null}
        {fault === null ? null : (
          <span className="faint line" lang="en">
            {fault}
          </span>
        )}
        <span className="group-sites-below">{sites}</span>
      </td>
      <td className="number group-norm">{norm === null ? '' : norm.toPrecision(3)}</td>
      <td className="number">{cosine === null ? '' : formats.signed(cosine, 3)}</td>
      <td className="group-sites">{sites}</td>
    </tr>
  );
}

function GroupSites(props: { survivors: readonly string[]; nameOf: (site: string) => string }): ReactElement {
  const { words } = useSpeech();
  const { survivors } = props;
  if (survivors.length === 0) return <span className="faint">{words.none}</span>;
  const shown = survivors.slice(0, MOST_NAMES).map(props.nameOf).join(words.comma);
  const others = survivors.length - MOST_NAMES;
  return <span>{others > 0 ? words.andOthers(shown, others) : shown}</span>;
}
