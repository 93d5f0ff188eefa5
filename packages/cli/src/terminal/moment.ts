/** An instant (ISO 8601, UTC) to the minute, as operators read it: `2026-11-24 02:41 UTC`. */
export function minuteText(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}
