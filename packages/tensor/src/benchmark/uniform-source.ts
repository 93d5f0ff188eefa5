/** Numbers in [0, 1) that repeat for the same seed: good enough to fill a benchmark or a test, and for nothing else. */
export function uniformSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}
