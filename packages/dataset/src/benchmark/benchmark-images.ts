import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DatasetError } from '../errors.ts';
import { encodeImages, fitImageEncoder } from '../features/image-encoder.ts';
import { randomStream } from '../random.ts';
import type { Progress } from '../retail-data.ts';

const IMAGE_FILE = /\.(?:jpe?g|png|webp)$/i;
/** Width of the features, as a backbone's default. */
const DIMENSION = 64;
/** Seconds for all images below the folder, nothing known before: 17,000 photographs of a shop on two cores. */
const TARGET = 120;

export interface ImageBenchmarkRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: number;
  readonly met?: boolean;
}

/**
 * How long the built-in encoder takes for all images below `folder`: from nothing (fitting included), and again when
 * every descriptor is on disk. Throws DatasetError where the folder cannot be read or holds no image.
 */
export async function benchmarkImages(o: {
  readonly folder: string;
  readonly onProgress?: Progress;
}): Promise<{ readonly rows: readonly ImageBenchmarkRow[] }> {
  const paths = await imagesBelow(o.folder);
  const cacheFolder = await mkdtemp(join(tmpdir(), 'noren-bench-images-'));
  const describing = { cacheFolder, onProgress: o.onProgress ?? ((): void => undefined) };
  try {
    const startedAt = performance.now();
    const encoder = await fitImageEncoder(paths, DIMENSION, randomStream(1, 'image encoder'), describing);
    await encodeImages(encoder, paths, describing);
    const fresh = (performance.now() - startedAt) / 1000;
    const againAt = performance.now();
    await encodeImages(encoder, paths, describing);
    const again = (performance.now() - againAt) / 1000;
    const count = paths.length.toLocaleString('en');
    return {
      rows: [
        { name: `${count} images, nothing cached`, value: fresh, unit: 's', target: TARGET, met: fresh <= TARGET },
        { name: 'throughput, nothing cached', value: paths.length / fresh, unit: 'images/s' },
        { name: `${count} images, all cached`, value: again, unit: 's' },
      ],
    };
  } finally {
    await rm(cacheFolder, { recursive: true, force: true });
  }
}

async function imagesBelow(folder: string): Promise<string[]> {
  const remedy = 'Name a folder that holds JPEG, PNG or WebP files';
  const found = await readdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new DatasetError('file-missing', 'the folder of images cannot be read', { file: folder }, remedy, error);
  });
  const images = found.filter((name) => IMAGE_FILE.test(name)).map((name) => join(folder, name));
  if (images.length === 0)
    throw new DatasetError('file-missing', 'the folder holds no images', { file: folder }, remedy);
  return images.sort();
}
