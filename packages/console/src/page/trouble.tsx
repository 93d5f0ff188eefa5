import type { ReactElement } from 'react';

import { useNow } from '../connection/clock.ts';
import type { ConsoleError } from '../connection/federation-query.ts';
import { useSpeech } from '../language/language.tsx';

/**
 * Names what failed and what to do. `answeredAt` (ms) is when the view that still shows came; the bar then lies over the
 * page, so that nothing moves when the coordinator goes and comes. Without a view it is all there is.
 */
export function Trouble(props: { error: ConsoleError; answeredAt: number | null }): ReactElement {
  const { words, formats } = useSpeech();
  const now = useNow();
  const { error, answeredAt } = props;
  return (
    <div className={answeredAt === null ? 'trouble' : 'trouble trouble-over'} role="alert">
      <p>
        <strong>{words.troubleTitle[error.code]}</strong> {words.troubleAdvice[error.code]}{' '}
        {answeredAt === null ? null : words.troubleStale(formats.clock(answeredAt, now))}
      </p>
      <code className="faint">{error.message}</code>
    </div>
  );
}
