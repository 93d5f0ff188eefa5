import type { ReactElement } from 'react';

import type { GateView } from '@noren/protocol/console';
import { useSpeech } from '../language/language.tsx';
import { StatusMark } from '../status/status-mark.tsx';
import { gateLook } from '../status/status.ts';

/** A site's verdict: it adopted the candidate, or which strategy it keeps. */
export function GateMark({ gate }: { gate: GateView | null }): ReactElement {
  const { words } = useSpeech();
  if (gate === null) return <span className="faint">{words.notJudged}</span>;
  return (
    <StatusMark look={gateLook(gate)} boxed>
      {gate.adopted
        ? gate.chosen === 'blend'
          ? words.blended
          : words.adopted
        : words.keeps(words.strategy[gate.chosen])}
    </StatusMark>
  );
}
