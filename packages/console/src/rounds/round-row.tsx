import { useState } from 'react';
import type { ReactElement } from 'react';

import type { RoundView } from '@noren/protocol/console';
import { Moment } from '../element/moment.tsx';
import { Toggle } from '../element/toggle.tsx';
import { useSpeech } from '../language/language.tsx';
import { GroupList } from '../round/group-list.tsx';
import { roundGroups } from '../round/group-standing.ts';
import type { RoundGroups } from '../round/group-standing.ts';
import { outcomeWord } from '../round/phase-word.ts';
import { StatusMark } from '../status/status-mark.tsx';
import { groupLook, outcomeLook } from '../status/status.ts';

const COLUMNS = 9;
const DIGITS = 4;

/** A round in one line; one that ran in groups opens to show them. */
export function RoundRow(props: { round: RoundView; nameOf: (site: string) => string }): ReactElement {
  const { words, formats } = useSpeech();
  const [open, setOpen] = useState(false);
  const { round } = props;
  const { difference, outcome } = round;
  const groups = roundGroups(round);
  const length = round.endedAt === null ? null : Date.parse(round.endedAt) - Date.parse(round.startedAt);
  const number = formats.integer(round.number);
  const groupsId = `groups-${round.id}`;
  return (
    <>
      <tr>
        <th scope="row" className="number">
          <span className="round-number">
            {groups === null ? (
              <span />
            ) : (
              <Toggle
                open={open}
                controls={groupsId}
                label={open ? words.hideGroups(number) : words.showGroups(number)}
                onToggle={() => setOpen(!open)}
              />
            )}
            {number}
          </span>
        </th>
        <td>
          <StatusMark look={outcomeLook[outcome ?? 'running']}>
            {outcome === null ? words.running : outcomeWord(round.kind, outcome, words)}
          </StatusMark>
        </td>
        <td className="faint">
          <Moment at={round.startedAt} />
        </td>
        <td className="number">{length === null ? '' : formats.duration(length)}</td>
        <td className="number">
          {words.survivorsOf(formats.integer(round.survivors.length), formats.integer(round.cohort.length))}
          {groups === null ? null : (
            <span className="line groups-brief">
              <GroupsInBrief {...groups} />
            </span>
          )}
        </td>
        <td className="number">{formats.bytes(round.bytesUp)}</td>
        <td className="number">{difference === null ? null : formats.signed(difference.mean, DIGITS)}</td>
        <td className="number faint">{difference === null ? null : formats.signed(difference.low, DIGITS)}</td>
        <td className="reason-cell faint" lang="en">
          {round.reason}
        </td>
      </tr>
      {open ? (
        <tr id={groupsId} className="round-detail">
          <td colSpan={COLUMNS}>
            <div className="detail">
              <GroupList round={round} nameOf={props.nameOf} />
            </div>
          </td>
        </tr>
      ) : null}
    </>
  );
}

/** The worse news of the two: groups out of the result, or groups in it that stand out. */
function GroupsInBrief({ groups, inResult, outlying }: RoundGroups): ReactElement {
  const { words, formats } = useSpeech();
  const count = formats.integer(groups.length);
  const counted = words.groupsOf(formats.integer(inResult), count);
  if (inResult < groups.length) return <StatusMark look={groupLook.out}>{counted}</StatusMark>;
  if (outlying === null || outlying === 0) return <span className="faint">{counted}</span>;
  const standOut = words.groupsOutlying(outlying, formats.integer(outlying));
  return <StatusMark look={groupLook.outlying}>{standOut}</StatusMark>;
}
