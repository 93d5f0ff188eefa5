import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';

import { useSpeech } from '../language/language.tsx';

const SHOWN_LENGTH = 8;
const THANKS_MS = 1600;

/** A content address, shortened; whole on hover and in the clipboard. */
export function Identifier({ value }: { value: string }): ReactElement {
  const { words } = useSpeech();
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    const timer = copied ? setTimeout(() => setCopied(false), THANKS_MS) : undefined;
    return () => clearTimeout(timer);
  }, [copied]);

  return (
    <span className="identifier">
      <code title={value}>{value.slice(0, SHOWN_LENGTH)}</code>
      <CopyButton
        label={copied ? words.copied : `${words.copy}: ${value.slice(0, SHOWN_LENGTH)}`}
        copied={copied}
        onCopy={() => {
          copy(value).then(
            () => setCopied(true),
            () => setCopied(false),
          );
        }}
      />
    </span>
  );
}

function CopyButton(props: { label: string; copied: boolean; onCopy: () => void }): ReactElement {
  return (
    <button type="button" className="copy" aria-label={props.label} title={props.label} onClick={props.onCopy}>
      <svg viewBox="0 0 14 14" width="12" height="12" aria-hidden="true">
        {props.copied ? <path d="m2.5 7.3 3 3 6-6.6" /> : <path d="M4.5 4.5v-2h7v7h-2M2.5 4.5h7v7h-7Z" />}
      </svg>
    </button>
  );
}

/** Browsers offer the clipboard only on HTTPS and on the loopback address. */
async function copy(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}
