/** Bytes with a binary unit, as operators read them. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

/** Milliseconds as seconds with one digit. */
export function secondsText(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
