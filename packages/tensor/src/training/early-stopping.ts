/** Where an early-stopped training stands. Pure data: it can be written into a checkpoint. */
export interface EarlyStopping {
  /** Evaluations in a row that may pass without an improvement. */
  readonly patience: number;
  /** What a score must exceed the best by to count as better. */
  readonly minimumImprovement: number;
  readonly best: number;
  /** Number of the evaluation with the best score; 0 is the start. */
  readonly bestAt: number;
  readonly evaluations: number;
}

/** `startScore`: of the values the training begins with. Higher is better. */
export function earlyStopping(patience: number, startScore: number, minimumImprovement = 0): EarlyStopping {
  return { patience, minimumImprovement, best: startScore, bestAt: 0, evaluations: 0 };
}

/** After one more evaluation. A score that is not a number improves nothing. */
export function afterEvaluation(state: EarlyStopping, score: number): EarlyStopping {
  const evaluations = state.evaluations + 1;
  return score > state.best + state.minimumImprovement
    ? { ...state, best: score, bestAt: evaluations, evaluations }
    : { ...state, evaluations };
}

export function shouldStop({ patience, bestAt, evaluations }: EarlyStopping): boolean {
  return evaluations > 0 && evaluations - bestAt >= patience;
}
