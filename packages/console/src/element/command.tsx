import type { ReactElement } from 'react';

import { CopyButton } from './copy-button.tsx';

/** A command for the coordinator's machine: this page only reads, whoever may decide has that machine's operator token. */
export function Command({ line }: { line: string }): ReactElement {
  return (
    <span className="command">
      <code>{line}</code>
      <CopyButton text={line} shown={line} />
    </span>
  );
}
