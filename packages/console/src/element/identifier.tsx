import type { ReactElement } from 'react';

import { CopyButton } from './copy-button.tsx';

const SHOWN_LENGTH = 8;

/** A content address, shortened; whole on hover and in the clipboard. */
export function Identifier({ value }: { value: string }): ReactElement {
  const shown = value.slice(0, SHOWN_LENGTH);
  return (
    <span className="identifier">
      <code title={value}>{shown}</code>
      <CopyButton text={value} shown={shown} />
    </span>
  );
}
