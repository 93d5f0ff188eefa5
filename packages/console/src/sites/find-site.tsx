import { useEffect, useRef } from 'react';
import type { ReactElement } from 'react';

import { useSpeech } from '../language/language.tsx';

/** `/` brings the cursor here from anywhere on the page; Escape clears. */
export function FindSite(props: { value: string; onFind: (text: string) => void }): ReactElement {
  const { words } = useSpeech();
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const focusOnSlash = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLInputElement && event.target.type !== 'radio';
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener('keydown', focusOnSlash);
    return () => document.removeEventListener('keydown', focusOnSlash);
  }, []);

  return (
    <label className="find">
      <span className="unseen">{words.findSite}</span>
      <input
        ref={input}
        type="search"
        value={props.value}
        placeholder={words.findSite}
        onChange={(event) => props.onFind(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') props.onFind('');
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}
