/** A decision with what it rests on, in a plain sentence and as the measures it read. */
export interface Choice<T> {
  readonly value: T;
  readonly decision: string;
  readonly measures: readonly string[];
}

/** An NDCG difference with its sign, such as +0.0123. */
export function shown(difference: number): string {
  return `${difference < 0 ? '-' : '+'}${Math.abs(difference).toFixed(4)}`;
}
