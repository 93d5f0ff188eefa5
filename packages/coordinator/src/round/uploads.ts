import { encodeUploadMessage, ProtocolError } from '@noren/protocol';
import type { SiteId, UploadHeader, UploadReceiver } from '@noren/protocol';
import { AggregationError } from '@noren/secure-aggregation';
import type { UploadSink } from '@noren/secure-aggregation';

import type { InputRecord } from '../round-log/log-record.ts';
import type { RoundFiles } from '../round-log/round-folders.ts';
import type { SpooledUpload } from '../round-log/upload-spool.ts';
import { brokeProtocol } from './conversation.ts';
import type { RoundCourse } from './round-course.ts';
import type { RoundInput } from './round-input.ts';
import { isAwaited, reached } from './round-state.ts';

/** What of an input goes into the round's log beside itself. */
export type Stored = Partial<Pick<InputRecord, 'payload' | 'chunks'>>;

/** The round that uploads belong to. */
export interface UploadingRound {
  readonly course: RoundCourse;
  readonly files: RoundFiles;
  /** Does something in turn with everything else that happens to the round. */
  enqueue<T>(work: () => Promise<T>): Promise<T>;
  /** Takes an input; to be called in turn. */
  take(input: RoundInput, stored: Stored): Promise<void>;
  /** Takes an input when its turn comes. */
  happen(input: RoundInput): Promise<void>;
}

/** Masked vectors on their way in: each chunk is checked and written to disk; a vector that is whole is added up from there. */
export class Uploads {
  readonly #round: UploadingRound;
  readonly #begun = new Map<SiteId, SpooledUpload>();

  constructor(round: UploadingRound) {
    this.#round = round;
  }

  /** Rejects with ProtocolError when the round does not wait for this site's update. */
  receive(site: SiteId, header: UploadHeader): Promise<UploadReceiver> {
    const { course } = this.#round;
    return this.#round.enqueue(async () => {
      const { sum } = course;
      if (header.roundId !== course.state.id) throw notAwaited(header.roundId);
      if (this.#hasUploaded(site)) return REPEATED_UPLOAD;
      if (sum === null) throw notAwaited(header.roundId);
      this.#assertAwaited(site);
      const sink = await this.#guarded(site, () => sum.upload(site, header));
      const spooled = await this.#kept(site, () => this.#spooled(site, header));
      return this.#receiver(site, header, sink, spooled);
    });
  }

  #receiver(site: SiteId, header: UploadHeader, sink: UploadSink, spooled: SpooledUpload): UploadReceiver {
    return {
      // Whoever comes too late must not touch the file: it is closed and gone once the sum is open.
      chunk: async (index, data) => {
        if (this.#hasUploaded(site)) return;
        this.#assertAwaited(site);
        // In one go, so that chunks lie in the file as they were taken, whichever attempt of the site brings them.
        const take = (): Promise<void> | undefined => (sink.chunk(index, data) ? spooled.append(data) : undefined);
        await this.#kept(site, () => this.#guarded(site, take));
      },
      complete: async () => {
        if (!this.#hasUploaded(site)) {
          this.#assertAwaited(site);
          await this.#kept(site, () => spooled.keep());
        }
        await this.#round.enqueue(() => this.#add(site, header, sink, spooled));
        await this.#round.files.log.sync().catch((error: unknown) => {
          throw this.#lost(error);
        });
      },
      aborted: () => undefined,
    };
  }

  /** Where a site's vector is kept; the same place when the site begins again. */
  async #spooled(site: SiteId, header: UploadHeader): Promise<SpooledUpload> {
    const begun = this.#begun.get(site);
    if (begun !== undefined) return begun;
    const spooled = await this.#round.files.spool.begin(site, header);
    this.#begun.set(site, spooled);
    const payload = encodeUploadMessage({ kind: 'header', ...header });
    await this.#round.take({ kind: 'uploading', site }, { payload });
    return spooled;
  }

  async #add(site: SiteId, header: UploadHeader, sink: UploadSink, spooled: SpooledUpload): Promise<void> {
    // A site that lost its connection may send again while its first attempt still ends well.
    if (this.#hasUploaded(site)) return;
    this.#assertAwaited(site);
    const { chunks } = spooled;
    await this.#guarded(site, () => sink.complete(this.#round.files.spool.read(site, header, chunks)));
    await this.#round.take({ kind: 'uploaded', site }, { chunks });
    // What a coordinator that stops has not written down it must not acknowledge; the site tries again.
    if (!this.#hasUploaded(site)) throw new ProtocolError('internal', 'The coordinator is stopping.');
  }

  #hasUploaded(site: SiteId): boolean {
    const member = this.#round.course.state.members.get(site);
    return member !== undefined && reached(member, 'uploaded');
  }

  #assertAwaited(site: SiteId): void {
    const { state } = this.#round.course;
    if (!isAwaited(state, site, 'updates')) throw notAwaited(state.id);
  }

  /** Whoever breaks the masking protocol is out, and told what it did. */
  async #guarded<T>(site: SiteId, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AggregationError)) throw error;
      if (error.code === 'wrong-state') throw notAwaited(this.#round.course.state.id);
      if (error.code === 'spoilt-sum') throw this.#lost(error);
      void this.#round.happen(brokeProtocol(site, error));
      throw new ProtocolError('invalid-message', error.message, { cause: error });
    }
  }

  async #kept<T>(site: SiteId, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      // The round may have gone on meanwhile, and then it does not need this vector.
      this.#assertAwaited(site);
      throw this.#lost(error);
    }
  }

  /** What cannot be kept cannot be promised: the round ends by name. */
  #lost(cause: unknown): ProtocolError {
    const why = cause instanceof Error ? cause.message : String(cause);
    void this.#round.happen({
      kind: 'broken',
      reason: `an update could not be kept on the coordinator's disk: ${why}`,
    });
    return new ProtocolError('internal', 'The coordinator could not keep the update.', { cause });
  }
}

/** Swallows an upload that arrived before and whose receipt was lost: the site must learn that all is well. */
const REPEATED_UPLOAD: UploadReceiver = {
  chunk: () => Promise.resolve(),
  complete: () => Promise.resolve(),
  aborted: () => undefined,
};

function notAwaited(round: string): ProtocolError {
  return new ProtocolError('wrong-state', `Round ${round} does not wait for an update of this site.`);
}
