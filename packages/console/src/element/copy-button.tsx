import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';

import { useSpeech } from '../language/language.tsx';

const THANKS_MS = 1600;

/** Puts a text into the clipboard; `shown` names it where the whole would be too long to hear. */
export function CopyButton({ text, shown }: { text: string; shown: string }): ReactElement {
  const { words } = useSpeech();
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    const timer = copied ? setTimeout(() => setCopied(false), THANKS_MS) : undefined;
    return () => clearTimeout(timer);
  }, [copied]);

  const label = copied ? words.copied : `${words.copy}: ${shown}`;
  return (
    <button
      type="button"
      className="copy"
      aria-label={label}
      title={label}
      onClick={() => {
        copy(text).then(
          () => setCopied(true),
          () => setCopied(false),
        );
      }}
    >
      <svg viewBox="0 0 14 14" width="12" height="12" aria-hidden="true">
        {copied ? <path d="m2.5 7.3 3 3 6-6.6" /> : <path d="M4.5 4.5v-2h7v7h-2M2.5 4.5h7v7h-7Z" />}
      </svg>
    </button>
  );
}

/** Browsers offer the clipboard only on HTTPS and on the loopback address. */
async function copy(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}
