const YEAR = 365 * 86_400_000;

/** The tests of the no-harm gate that still count. */
export function testsWithinYear(tests: readonly string[], now: Date): readonly string[] {
  return tests.filter((at) => Date.parse(at) > now.getTime() - YEAR);
}
