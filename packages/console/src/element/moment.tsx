import type { ReactElement } from 'react';

import { useNow } from '../connection/clock.ts';
import { useSpeech } from '../language/language.tsx';

/** A moment as distance from now; the exact time on hover. */
export function Moment({ at }: { at: string }): ReactElement {
  const { formats } = useSpeech();
  const now = useNow();
  const time = Date.parse(at);
  return (
    <time dateTime={at} title={formats.dateTime(time)}>
      {formats.relative(time, now)}
    </time>
  );
}
