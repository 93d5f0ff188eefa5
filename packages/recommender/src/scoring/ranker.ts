export type Scores = Float32Array | Float64Array;

/** Whether the items a customer has compete with the target: not, as in a shop that proposes what is new, or as all others. */
export type HistoryRule = 'masked' | 'ranked';

/** Anything that ranks a catalogue for a customer: the recommender, or a baseline it has to be compared with. */
export interface Ranker {
  readonly name: string;
  /** What was chosen for it on validation, for the report. */
  readonly settings?: Readonly<Record<string, number>>;
  /** Histories it takes at a time. */
  readonly batch: number;
  /**
   * Scores [items] of what comes after each of up to `batch` histories (catalogue rows, oldest first), higher is better;
   * valid until the next call. Most do not depend on the rule.
   */
  scores(histories: readonly Int32Array[], rule: HistoryRule): Promise<readonly Scores[]>;
}
