import { RemovalThreads } from '@noren/secure-aggregation';
import type { Logger } from 'pino';

import type { BlobStore } from '../blobs/blob-store.ts';
import type { NoiseKeys } from '../noise/noise-keys.ts';
import type { RoundFiles } from '../round-log/round-folders.ts';
import type { Journal } from '../store/journal.ts';
import type { YieldTurn } from './aggregate.ts';
import { makeCandidate } from './candidate.ts';
import { noiseSource } from './coordinator-noise.ts';
import type { SumReading } from './group-sum.ts';
import type { MaskedSum } from './masked-sum.ts';
import { keptMean, openSum } from './opening.ts';
import type { OpenedSum } from './opening.ts';
import { unusable } from './replay.ts';
import type { RoundOrigin } from './replay.ts';
import type { RoundCourse } from './round-course.ts';
import type { RoundInput } from './round-input.ts';
import { reached } from './round-state.ts';
import { surveyMeasuresOf } from './survey-measures.ts';

export interface ArithmeticParts {
  readonly journal: Journal;
  readonly blobs: BlobStore;
  readonly noiseKeys: NoiseKeys;
  readonly log: Logger;
  readonly yieldTurn: YieldTurn;
  /** Threads that take the masks out of sums; with 0 or 1 the process's own does. */
  readonly cores: number;
}

/** The coordinator's own work in a round, beside its conversation: what each comes to is an input of the round. */
export class RoundArithmetic {
  readonly #parts: ArithmeticParts;
  readonly #origin: RoundOrigin;
  readonly #course: RoundCourse;
  readonly #files: RoundFiles;
  /** Between the two; after a restart it is read again. */
  #meanUpdate: Float32Array | null = null;

  constructor(parts: ArithmeticParts, origin: RoundOrigin, course: RoundCourse, files: RoundFiles) {
    this.#parts = parts;
    this.#origin = origin;
    this.#course = course;
    this.#files = files;
  }

  async openSum(): Promise<RoundInput> {
    const { log } = this.#parts;
    const { sum } = this.#course;
    if (sum === null) throw unusable('its sum was opened before');
    const opened = await this.#opened(sum);
    const { plan } = this.#origin;
    this.#meanUpdate = opened.meanUpdate;
    const { evidence, falseWitnesses } = opened;
    if (falseWitnesses.length > 0) log.warn({ sites: falseWitnesses }, 'false shares were revealed');
    if (evidence.clipping !== undefined) {
      log.info(evidence.clipping, 'the clip norm of the next round follows the count');
    }
    if (plan.survey === undefined) return { kind: 'opened', evidence };
    return { kind: 'opened', evidence, measures: surveyMeasuresOf(opened) };
  }

  async makeCandidate(): Promise<RoundInput> {
    const { blobs, yieldTurn, journal } = this.#parts;
    const { server, release } = this.#origin.plan;
    // That the sum is open is on disk: a restart begins from the sum.
    await this.#files.spool.clear();
    const moments = journal.state.release?.moments ?? null;
    const update = this.#meanUpdate ?? (await this.#keptMeanUpdate());
    this.#meanUpdate = null;
    const made = await makeCandidate({ blobs, server, release, moments, update, yieldTurn });
    return { kind: 'candidate', hash: made.candidate, moments: made.moments };
  }

  async #opened(sum: MaskedSum): Promise<OpenedSum> {
    const { blobs, cores, journal, noiseKeys } = this.#parts;
    const noise = await noiseSource(this.#origin.plan.privacy, journal.state.tree?.opened ?? 0, noiseKeys);
    const threads = new RemovalThreads({ cores });
    try {
      return await openSum(sum, threads, blobs, this.#reading(), noise);
    } finally {
      await threads.close();
    }
  }

  #reading(): SumReading {
    const { plan, planHash } = this.#origin;
    const ringSites = Math.max(...this.#course.state.groups.map(({ sites }) => sites.length));
    return { plan, planHash, ringSites, yieldTurn: this.#parts.yieldTurn };
  }

  #keptMeanUpdate(): Promise<Float32Array> {
    const { blobs, journal } = this.#parts;
    const { id, members } = this.#course.state;
    const evidence = journal.state.rounds.find((round) => round.id === id)?.evidence;
    if (evidence == null) throw unusable('its sum is in no log');
    const survivors = members.values().filter((member) => reached(member, 'uploaded')).length;
    return keptMean(evidence, survivors, blobs, this.#reading());
  }
}
