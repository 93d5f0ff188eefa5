import type { RuntimeOptions } from '@noren/recommender';
import { evaluate } from './evaluate-task.ts';
import { RecommendationDesk } from './recommendation-desk.ts';
import { relearnPrivately } from './private-relearn-task.ts';
import { references } from './references-task.ts';
import { relearn } from './relearn-task.ts';
import { survey } from './survey-task.ts';
import type { SiteData } from './site-data.ts';
import type { TaskCall, TaskResult } from './task-types.ts';
import { isPrivate, type TaskWatch } from './trainer.ts';
import { Workbench } from './workbench.ts';

/** The tasks that need model code, with what they keep in memory between them. */
export class ModelTasks {
  readonly #workbench: Workbench;
  readonly #desk: RecommendationDesk;

  constructor(siteData: SiteData, runtime: RuntimeOptions) {
    this.#workbench = new Workbench(siteData, runtime);
    this.#desk = new RecommendationDesk(this.#workbench);
  }

  async run(call: Exclude<TaskCall, { task: 'inspect' | 'drawNoise' }>, watch: TaskWatch): Promise<TaskResult> {
    switch (call.task) {
      case 'prepare':
        await this.#workbench.roundBench(call.job, watch.onProgress);
        return null;
      case 'relearn':
        return isPrivate(call.job)
          ? relearnPrivately(this.#workbench, call.job, watch)
          : relearn(this.#workbench, call.job, watch);
      case 'survey':
        return survey(this.#workbench, call.job, watch);
      case 'trainReferences':
        await references(this.#workbench, call.job, watch);
        return null;
      case 'evaluate':
        return evaluate(this.#workbench, call.job, watch);
      default:
        return this.#desk.recommend(call.job);
    }
  }

  async close(): Promise<void> {
    await this.#desk.close();
    await this.#workbench.close();
  }
}
