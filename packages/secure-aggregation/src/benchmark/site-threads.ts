import { WorkerThread } from '../threads/worker-thread.ts';
import type { SiteOrder } from './site-orders.ts';
import type { GroupAnswer, GroupQuestion, GroupSetting } from './simulated-group.ts';

/** The group's answer to a question of this kind. */
interface AnswerTo {
  readonly advertise: 'advertised';
  readonly share: 'shared';
  readonly receive: 'received';
  readonly upload: 'uploaded';
  readonly confirm: 'confirmed';
  readonly reveal: 'revealed';
  readonly finish: 'finished';
}

type Question<Ask extends GroupQuestion['ask']> = Extract<GroupQuestion, { ask: Ask }>;
type Answer<Ask extends GroupQuestion['ask']> = Extract<GroupAnswer, { said: AnswerTo[Ask] }>;

/** A group of sites that is simulated in a thread. */
export class RemoteGroup {
  readonly #thread: WorkerThread<SiteOrder, GroupAnswer | null>;
  readonly #group: number;

  constructor(thread: WorkerThread<SiteOrder, GroupAnswer | null>, group: number) {
    this.#thread = thread;
    this.#group = group;
  }

  async ask<Ask extends GroupQuestion['ask']>(question: Question<Ask>): Promise<Answer<Ask>> {
    return (await this.#thread.ask({ do: 'answer', group: this.#group, question })) as Answer<Ask>;
  }
}

/** Threads in which groups of sites are simulated, each group in one of them. */
export class SiteThreads {
  readonly #threads: readonly WorkerThread<SiteOrder, GroupAnswer | null>[];
  #groups = 0;

  /** @param entry the module of a thread; default: the built one beside this file */
  constructor(cores: number, entry: URL = new URL('./site-thread.js', import.meta.url)) {
    this.#threads = Array.from({ length: Math.max(1, cores) }, () => new WorkerThread(entry, 'simulates sites'));
  }

  /** As many groups as can be at work at the same time. */
  get size(): number {
    return this.#threads.length;
  }

  async begin(setting: GroupSetting): Promise<RemoteGroup> {
    const group = this.#groups++;
    const thread = this.#threads[group % this.#threads.length]!;
    await thread.ask({ do: 'begin', group, setting });
    return new RemoteGroup(thread, group);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }
}
