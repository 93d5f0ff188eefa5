/** What the reader chose to look at lives in the address, so that a link or a reload shows the same. */
export type AddressKey = 'lang' | 'metric' | 'site' | 'find';

export function addressValue(key: AddressKey): string | null {
  return new URLSearchParams(location.search).get(key);
}

/** Replaces the current history entry: choosing what to see is no navigation. `null` or '' removes the key. */
export function rememberInAddress(key: AddressKey, value: string | null): void {
  const address = new URL(location.href);
  if (value === null || value === '') address.searchParams.delete(key);
  else address.searchParams.set(key, value);
  history.replaceState(null, '', address);
}
