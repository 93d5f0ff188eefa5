import { AgentError } from '../agent-error.ts';
import type { TaskCall, TaskName, TaskResult, TaskTypes } from './task-types.ts';
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
  TaskWatch,
  Trainer,
} from './trainer.ts';

/** A trainer that runs one task after another, wherever they run. */
export abstract class QueuedTrainer implements Trainer {
  #last: Promise<unknown> = Promise.resolve();
  /** Counts closings: what was queued before one must not run after it. */
  #closings = 0;

  inspect(job: DataJob, watch?: TaskWatch): Promise<SiteSummary> {
    return this.#queue<'inspect'>({ task: 'inspect', job }, watch);
  }

  async prepare(job: RoundJob, watch?: TaskWatch): Promise<void> {
    await this.#queue<'prepare'>({ task: 'prepare', job }, watch);
  }

  relearn(job: RoundJob, watch?: TaskWatch): Promise<Relearned> {
    return this.#queue<'relearn'>({ task: 'relearn', job }, watch);
  }

  drawNoise(job: NoiseJob, watch?: TaskWatch): Promise<Int32Array> {
    return this.#queue<'drawNoise'>({ task: 'drawNoise', job }, watch);
  }

  survey(job: RoundJob, watch?: TaskWatch): Promise<Surveyed> {
    return this.#queue<'survey'>({ task: 'survey', job }, watch);
  }

  async trainReferences(job: RoundJob, watch?: TaskWatch): Promise<void> {
    await this.#queue<'trainReferences'>({ task: 'trainReferences', job }, watch);
  }

  evaluate(job: EvaluationJob, watch?: TaskWatch): Promise<Evaluation> {
    return this.#queue<'evaluate'>({ task: 'evaluate', job }, watch);
  }

  recommend(job: RecommendationJob, watch?: TaskWatch): Promise<Recommendations> {
    return this.#queue<'recommend'>({ task: 'recommend', job }, watch);
  }

  async close(): Promise<void> {
    this.#closings += 1;
    await this.end();
  }

  protected abstract run(call: TaskCall, watch: TaskWatch): Promise<TaskResult>;

  /** Ends what runs now and frees what is kept; a later task starts anew. */
  protected abstract end(): Promise<void>;

  #queue<N extends TaskName>(call: TaskCall, watch: TaskWatch = {}): Promise<TaskTypes[N]['result']> {
    const closings = this.#closings;
    const result = this.#last.then(() => {
      if (closings !== this.#closings || watch.signal?.aborted === true) throw stopped();
      return this.run(call, watch);
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}

export function stopped(): AgentError {
  return new AgentError('cancelled', 'the task was stopped');
}
