import { randomBytes } from 'node:crypto';
import type { RuntimeOptions } from '@noren/recommender';
import { AgentError } from '../agent-error.ts';
import { drawNoise } from './draw-noise.ts';
import { describeFailure } from './failure.ts';
import type { ModelTasks } from './model-tasks.ts';
import { SiteData } from './site-data.ts';
import type { TaskCall, TaskResult } from './task-types.ts';
import type { DataJob, SiteSummary, TaskWatch } from './trainer.ts';

/**
 * Every task on the site's data. Runs in the worker, or in process in tests. Model code, which takes seconds to load, is
 * loaded with the first task that needs it: an offer can be answered without it.
 */
export class SiteTasks {
  readonly #siteData = new SiteData();
  readonly #runtime: RuntimeOptions;
  #models: Promise<ModelTasks> | null = null;

  constructor(runtime: RuntimeOptions = {}) {
    this.#runtime = runtime;
  }

  /** Rejects with an AgentError whose message is safe to log and to send; its cause is the full text. */
  async run(call: TaskCall, watch: TaskWatch): Promise<TaskResult> {
    try {
      if (call.task === 'inspect') return await this.#inspect(call.job);
      if (call.task === 'drawNoise') return await drawNoise(call.job, randomBytes, watch);
      this.#models ??= this.#loadModels();
      const models = await this.#models;
      return await models.run(call, watch);
    } catch (error) {
      const { code, reason, detail } = describeFailure(error);
      throw new AgentError(code, reason, detail);
    }
  }

  async close(): Promise<void> {
    const models = await this.#models;
    this.#models = null;
    this.#siteData.forget();
    await models?.close();
  }

  async #inspect(job: DataJob): Promise<SiteSummary> {
    const { report } = await this.#siteData.read(job);
    return { customers: report.customers, items: report.items, interactions: report.rowsKept };
  }

  async #loadModels(): Promise<ModelTasks> {
    const { ModelTasks } = await import('./model-tasks.ts');
    return new ModelTasks(this.#siteData, this.#runtime);
  }
}
