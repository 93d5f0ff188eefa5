import { stat } from 'node:fs/promises';
import { readSite, sourceFiles, type RetailData } from '@noren/dataset';
import type { DataJob } from './trainer.ts';

/** The site's data as read, kept until one of its files changes. */
export class SiteData {
  #kept: { readonly stamp: string; readonly data: Promise<RetailData> } | null = null;

  async read(job: DataJob): Promise<RetailData> {
    const stamp = await this.stamp(job);
    if (this.#kept?.stamp === stamp) return this.#kept.data;
    // Images are decoded when their features are made; decoding them here would do it twice.
    const kept = { stamp, data: readSite(job.source, job.base, { images: 'exists' }) };
    this.#kept = kept;
    kept.data.catch(() => {
      if (this.#kept === kept) this.#kept = null;
    });
    return kept.data;
  }

  /** Changes when the mapping or one of the files it names does. */
  async stamp({ source, base }: DataJob): Promise<string> {
    const stamps = await Promise.all(
      sourceFiles(source, base).map(async (file) => {
        const found = await stat(file).catch(() => null);
        return found === null ? null : [found.size, found.mtimeMs, found.ino];
      }),
    );
    return JSON.stringify([source, base, stamps]);
  }

  forget(): void {
    this.#kept = null;
  }
}
