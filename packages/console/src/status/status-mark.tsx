import type { ReactElement, ReactNode } from 'react';

import type { Glyph, StatusLook } from './status.ts';

const GLYPHS: Readonly<Record<Glyph, ReactElement>> = {
  check: <path d="M2.5 6.4 5 8.9l4.6-5.4" />,
  minus: <path d="M2.5 6h7" />,
  cross: <path d="m3 3 6 6M9 3 3 9" />,
  break: <path d="M6 1.8v3.6M3.4 7.4 6 10l2.6-2.6" />,
  slash: <path d="M9 3 3 9M6 1.7a4.3 4.3 0 1 1 0 8.6 4.3 4.3 0 0 1 0-8.6Z" />,
  dot: <circle className="glyph-solid" cx="6" cy="6" r="3.1" />,
  ring: <circle cx="6" cy="6" r="2.9" />,
  pulse: (
    <>
      <circle className="glyph-solid" cx="6" cy="6" r="2.4" />
      <circle className="glyph-pulse" cx="6" cy="6" r="4.6" />
    </>
  ),
  diamond: <path d="M6 1.6 10.4 6 6 10.4 1.6 6Z" />,
  enclosed: (
    <>
      <rect x="1.6" y="1.6" width="8.8" height="8.8" rx="1.8" />
      <circle className="glyph-solid" cx="6" cy="6" r="1.7" />
    </>
  ),
  shield: <path d="M6 1.6 9.8 3v2.8c0 2.3-1.5 3.9-3.8 4.7C3.7 9.7 2.2 8.1 2.2 5.8V3Z" />,
};

/** The one way a status is drawn: glyph and word in the status' tone; `boxed` where it is the verdict of a row. */
export function StatusMark(props: { look: StatusLook; boxed?: boolean; children: ReactNode }): ReactElement {
  return (
    <span className={props.boxed === true ? 'status status-boxed' : 'status'} data-tone={props.look.tone}>
      <StatusGlyph glyph={props.look.glyph} />
      <span>{props.children}</span>
    </span>
  );
}

function StatusGlyph({ glyph }: { glyph: Glyph }): ReactElement {
  return (
    <svg className="glyph" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {GLYPHS[glyph]}
    </svg>
  );
}
