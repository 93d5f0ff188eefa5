import { ProtocolError } from '@noren/protocol';
import type { SiteId, UploadHeader, UploadReceiver } from '@noren/protocol';
import type { UploadSink } from '@noren/secure-aggregation';

import type { UploadSpool } from '../round-log/upload-spool.ts';
import type { SpooledUpload } from '../round-log/upload-spool.ts';

/** What uploads need of the round that they belong to. */
export interface UploadingRound {
  /** One after the other with everything else that happens to the round. */
  enqueue<T>(work: () => Promise<T>): Promise<T>;
  /** Puts out whoever breaks the masking protocol, and tells it so. */
  guarded<T>(site: SiteId, work: () => T | Promise<T>): Promise<T>;
  /** Ends the round by name if `work`, on the coordinator's own disk, fails. */
  kept<T>(work: () => Promise<T>): Promise<T>;
  hasUploaded(site: SiteId): boolean;
  /** Throws ProtocolError when the round does not wait for an update of this site. */
  assertAwaited(site: SiteId): void;
  begun(site: SiteId, header: UploadHeader): Promise<void>;
  /** The vector is on disk and in the sum. */
  arrived(site: SiteId, chunks: readonly number[]): Promise<void>;
}

/** Masked vectors on their way in: each chunk is checked and written to disk; a vector that is whole is added up from there. */
export class Uploads {
  readonly #round: UploadingRound;
  readonly #spool: UploadSpool;
  readonly #begun = new Map<SiteId, SpooledUpload>();

  constructor(round: UploadingRound, spool: UploadSpool) {
    this.#round = round;
    this.#spool = spool;
  }

  /** To be called in the round's queue. `sink`: what the masking protocol made of the header. */
  async begin(site: SiteId, header: UploadHeader, sink: UploadSink): Promise<UploadReceiver> {
    const spooled = await this.#round.kept(() => this.#spooled(site, header));
    return {
      chunk: (index, data) => {
        // In one go, so that chunks lie in the file as they were taken, whichever attempt of the site brings them.
        const take = (): Promise<void> | undefined => (sink.chunk(index, data) ? spooled.append(data) : undefined);
        return this.#round.kept(() => this.#round.guarded(site, take)).then(() => undefined);
      },
      complete: async () => {
        await this.#round.kept(() => spooled.keep());
        await this.#round.enqueue(() => this.#add({ site, header, sink, spooled }));
      },
      aborted: () => undefined,
    };
  }

  /** Where a site's vector is kept; the same place when the site begins again. */
  async #spooled(site: SiteId, header: UploadHeader): Promise<SpooledUpload> {
    const begun = this.#begun.get(site);
    if (begun !== undefined) return begun;
    const spooled = await this.#spool.begin(site, header);
    this.#begun.set(site, spooled);
    await this.#round.begun(site, header);
    return spooled;
  }

  async #add(o: {
    readonly site: SiteId;
    readonly header: UploadHeader;
    readonly sink: UploadSink;
    readonly spooled: SpooledUpload;
  }): Promise<void> {
    const { site, header, sink, spooled } = o;
    // A site that lost its connection may send again while its first attempt still ends well.
    if (this.#round.hasUploaded(site)) return;
    this.#round.assertAwaited(site);
    const kept = this.#spool.read(site, header, spooled.chunks);
    await this.#round.guarded(site, () => sink.complete(kept));
    await this.#round.arrived(site, spooled.chunks);
  }
}

/** Swallows an upload that arrived before and whose receipt was lost: the site must learn that all is well. */
export const REPEATED_UPLOAD: UploadReceiver = {
  chunk: () => Promise.resolve(),
  complete: () => Promise.resolve(),
  aborted: () => undefined,
};

export function notAwaited(round: string): ProtocolError {
  return new ProtocolError('wrong-state', `Round ${round} does not wait for an update of this site.`);
}
