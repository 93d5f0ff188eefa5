import type { ReactElement } from 'react';

import type { RoundView } from '@noren/protocol/console';
import { useSpeech } from '../language/language.tsx';
import { StatusMark } from '../status/status-mark.tsx';
import { standingLook } from '../status/status.ts';
import { participants } from './participants.ts';
import type { Participant, Standing } from './participants.ts';
import { phaseWord } from './phase-word.ts';

const ORDER: readonly Standing[] = ['working', 'unfinished', 'delivered', 'judged', 'dropped', 'refused'];

/** Who takes part, grouped by how far they are; dropped and refused sites with their reason. */
export function ParticipantList(props: { round: RoundView; nameOf: (site: string) => string }): ReactElement | null {
  const { words, formats } = useSpeech();
  const all = participants(props.round);
  const about = (participant: Participant): string | null => {
    if (participant.reason === null) return null;
    return participant.droppedAt === null
      ? participant.reason
      : words.droppedAt(phaseWord(participant.droppedAt, words), participant.reason);
  };
  return (
    <div className="participants" role="group" aria-label={words.participation}>
      {ORDER.map((standing) => {
        const members = all.filter((participant) => participant.standing === standing);
        if (members.length === 0) return null;
        return (
          <div key={standing} className="standing">
            <StatusMark look={standingLook[standing]}>
              {words.standing[standing]} <span className="count">{formats.integer(members.length)}</span>
            </StatusMark>
            <ul>
              {members.map((member) => (
                <li key={member.site}>
                  {props.nameOf(member.site)}
                  {member.reason === null ? null : <span className="faint reason">{about(member)}</span>}
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </div>
  );
}
