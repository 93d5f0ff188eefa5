import type { ReactElement } from 'react';

/** Opens and closes what belongs to a row; `controls` is the id of that. */
export function Toggle(props: { open: boolean; controls: string; label: string; onToggle: () => void }): ReactElement {
  return (
    <button
      type="button"
      className="toggle"
      aria-expanded={props.open}
      aria-controls={props.controls}
      aria-label={props.label}
      onClick={props.onToggle}
    >
      <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
        <path d="m3 1.5 4 3.5-4 3.5" />
      </svg>
    </button>
  );
}
