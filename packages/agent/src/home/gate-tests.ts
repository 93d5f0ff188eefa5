import type { GateTest } from './state.ts';

const YEAR = 365 * 86_400_000;

/** The tests of the no-harm gate that still count. */
export function testsWithinYear(tests: readonly GateTest[], now: Date): readonly GateTest[] {
  return tests.filter(({ at }) => Date.parse(at) > now.getTime() - YEAR);
}
