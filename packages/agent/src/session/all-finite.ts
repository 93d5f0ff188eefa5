/** Whether a vector holds no NaN and no infinity. A plain loop: `every` would make a heap object of each of a million values. */
export function allFinite(vector: Float32Array): boolean {
  for (let at = 0; at < vector.length; at += 1) {
    if (!Number.isFinite(vector[at])) return false;
  }
  return true;
}
