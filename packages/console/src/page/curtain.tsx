import type { ReactElement } from 'react';

/** The noren: rod, four panels with their slits, and a ring dyed across the middle ones. */
export function Curtain(): ReactElement {
  return (
    <svg className="curtain" viewBox="0 0 32 32" width="40" height="40" aria-hidden="true">
      <rect className="curtain-rod" x="1" y="4" width="30" height="2.4" rx="1.2" />
      <g className="curtain-cloth">
        <path d="M3.5 7h5.6v20H3.5zM9.9 7h5.7v18H9.9zM16.4 7h5.7v18h-5.7zM22.9 7h5.6v20h-5.6z" />
      </g>
      <circle className="curtain-ring" cx="16" cy="15.4" r="4.6" />
    </svg>
  );
}
