import type { Failure } from './failure.ts';
import type {
  DataJob,
  Evaluation,
  EvaluationJob,
  NoiseJob,
  RecommendationJob,
  Recommendations,
  Relearned,
  RoundJob,
  SiteSummary,
  Surveyed,
} from './trainer.ts';

/** What each task takes and gives: the one list that trainers, worker and tasks agree on. */
export interface TaskTypes {
  inspect: { job: DataJob; result: SiteSummary };
  prepare: { job: RoundJob; result: null };
  relearn: { job: RoundJob; result: Relearned };
  drawNoise: { job: NoiseJob; result: Int32Array };
  survey: { job: RoundJob; result: Surveyed };
  trainReferences: { job: RoundJob; result: null };
  evaluate: { job: EvaluationJob; result: Evaluation };
  recommend: { job: RecommendationJob; result: Recommendations };
}

export type TaskName = keyof TaskTypes;
export type TaskCall = { [N in TaskName]: { readonly task: N; readonly job: TaskTypes[N]['job'] } }[TaskName];
export type TaskResult = TaskTypes[TaskName]['result'];

/** How a task in the worker ended. A failure crosses as data: structured clone would drop its code. */
export type TaskOutcome =
  | { readonly kind: 'done'; readonly result: TaskResult }
  | ({ readonly kind: 'failed' } & Failure);
