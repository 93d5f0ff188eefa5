import type { AgentErrorCode } from '../agent-error.ts';
import type {
  DataJob,
  Evaluation,
  EvaluationJob,
  RecommendationJob,
  Recommendations,
  Relearned,
  RoundJob,
  SiteSummary,
} from './trainer.ts';

/** What each task takes and gives: the one list that trainers, worker and tasks agree on. */
export interface TaskTypes {
  inspect: { job: DataJob; result: SiteSummary };
  prepare: { job: RoundJob; result: null };
  relearn: { job: RoundJob; result: Relearned };
  trainReferences: { job: RoundJob; result: null };
  evaluate: { job: EvaluationJob; result: Evaluation };
  recommend: { job: RecommendationJob; result: Recommendations };
}

export type TaskName = keyof TaskTypes;
export type TaskCall = { [N in TaskName]: { readonly task: N; readonly job: TaskTypes[N]['job'] } }[TaskName];
export type TaskResult = TaskTypes[TaskName]['result'];

/** Main thread to worker. */
export type TaskRequest =
  | { readonly kind: 'run'; readonly id: number; readonly call: TaskCall }
  | { readonly kind: 'stop'; readonly id: number };

/** Worker to main thread. */
export type TaskReport =
  | { readonly kind: 'progress'; readonly id: number; readonly fraction: number }
  | { readonly kind: 'done'; readonly id: number; readonly result: TaskResult }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly code: AgentErrorCode;
      readonly reason: string;
      readonly detail: string;
    };
