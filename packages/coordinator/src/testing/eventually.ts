import { vi } from 'vitest';

/** Waits until `condition` no longer throws: what it waits for is written to disk many times, which may be slow. */
export function eventually<T>(condition: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(condition, { timeout: 30_000 });
}
