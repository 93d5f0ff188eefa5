import { cp } from 'node:fs/promises';
import { join } from 'node:path';

import type { RoundId } from '@noren/protocol';
import { afterEach } from 'vitest';

import type { RoundLog } from '../round-log/round-log-file.ts';
import type { RoundFiles, RoundStorage } from '../round-log/round-folders.ts';
import type { EventStore } from '../store/event-store.ts';
import { temporaryFolder } from './folders.ts';

/** What dead processes have left open, for `afterEach`: an operating system would close it. */
const left: RoundFiles[] = [];

afterEach(async () => {
  await Promise.allSettled(left.splice(0).flatMap(({ log, spool }) => [log.close(), spool.close()]));
});

/** The life of a coordinator's process: it ends as kill -9 ends it, right after its last record is on disk. */
export class Life {
  readonly #folder: string;
  #left: number;
  #over = false;
  #end: (folder: string) => void = () => undefined;
  written = 0;
  /** Resolves at the end with a copy of the rounds' folder as it was then. */
  readonly ended: Promise<string> = new Promise((resolve) => (this.#end = resolve));

  /** `folder`: where the rounds are kept. */
  constructor(folder: string, records: number) {
    this.#folder = folder;
    this.#left = records;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Whether this was the last record. */
  count(): boolean {
    this.written += 1;
    this.#left -= 1;
    this.#over ||= this.#left <= 0;
    return this.#over;
  }

  async end(): Promise<void> {
    const copy = join(await temporaryFolder(), 'rounds');
    await cp(this.#folder, copy, { recursive: true });
    this.#end(copy);
  }
}

/** What a dead process waits for. */
const never = (): Promise<never> => new Promise(() => {});

export class MortalStore implements EventStore {
  readonly #store: EventStore;
  readonly #life: Life;

  constructor(store: EventStore, life: Life) {
    this.#store = store;
    this.#life = life;
  }

  async append(...change: Parameters<EventStore['append']>): ReturnType<EventStore['append']> {
    if (this.#life.over) return never();
    const events = await this.#store.append(...change);
    if (this.#life.over) return never();
    if (events.length === 0 || !this.#life.count()) return events;
    await this.#life.end();
    return never();
  }

  read(...range: Parameters<EventStore['read']>): ReturnType<EventStore['read']> {
    return this.#store.read(...range);
  }

  readRound(number: number): ReturnType<EventStore['readRound']> {
    return this.#store.readRound(number);
  }

  async close(): Promise<void> {}
}

export class MortalStorage implements RoundStorage {
  readonly #storage: RoundStorage;
  readonly #life: Life;

  constructor(storage: RoundStorage, life: Life) {
    this.#storage = storage;
    this.#life = life;
  }

  async begin(round: RoundId): Promise<RoundFiles> {
    const { log, spool } = await this.#storage.begin(round);
    left.push({ log, spool });
    return { log: mortalLog(log, this.#life), spool };
  }

  async reopen(round: RoundId): ReturnType<RoundStorage['reopen']> {
    const kept = await this.#storage.reopen(round);
    if (kept === null) return null;
    left.push(kept);
    return { ...kept, log: mortalLog(kept.log, this.#life) };
  }

  end(round: RoundId, files: RoundFiles): Promise<void> {
    return this.#life.over ? never() : this.#storage.end(round, files);
  }

  suspend(files: RoundFiles): Promise<void> {
    return this.#storage.suspend(files);
  }
}

function mortalLog(log: RoundLog, life: Life): RoundLog {
  return {
    append: (record) => {
      if (life.over) return;
      log.append(record);
      if (life.count()) void log.sync().then(() => life.end());
    },
    sync: async () => {
      if (life.over) return never();
      await log.sync();
      if (life.over) return never();
    },
    close: () => log.close(),
  };
}
