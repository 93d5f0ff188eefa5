/** log2 of the sum of 2^x; the largest is taken out, for a double ends at 2^-1074. */
export function log2Sum(values: readonly number[]): number {
  const largest = Math.max(...values);
  if (largest === -Infinity) return largest;
  return largest + Math.log2(values.reduce((sum, value) => sum + 2 ** (value - largest), 0));
}
