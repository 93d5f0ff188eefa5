import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';
import { expect, test, vi } from 'vitest';

import { decodeRgb } from '../images/decode.ts';
import { randomStream } from '../random.ts';
import { put, temporaryFolder } from '../testing/fixtures.ts';
import { encodeImages, fitImageEncoder } from './image-encoder.ts';

// The real decoder, counted.
vi.mock('../images/decode.ts', { spy: true });

const IMAGES = 1100;
const folder = temporaryFolder();

async function distinctImages(): Promise<string[]> {
  return Promise.all(
    Array.from({ length: IMAGES }, async (_, at) => {
      const pixel = Uint8Array.of(at % 256, Math.floor(at / 256) * 60, 90);
      const image = await sharp(pixel, { raw: { width: 1, height: 1, channels: 3 } })
        .png({ compressionLevel: 0 })
        .toBuffer();
      return put(folder, `images/${at}.png`, image);
    }),
  );
}

test('encoding that is killed goes on where the disk stood, decoding nothing twice that was kept', async () => {
  const paths = await distinctImages();
  const cacheFolder = join(folder, 'cache');
  const killed = join(folder, 'killed');
  const decode = vi.mocked(decodeRgb);
  const encoder = await fitImageEncoder(paths, 8, randomStream(1, 'image encoder'), {
    cacheFolder,
    // What a kill leaves behind is what lies on the disk at that moment.
    onProgress: () => {
      const complete = readdirSync(cacheFolder).filter((name) => name.endsWith('.bin'));
      if (complete.length > 0 && !existsSync(killed)) cpSync(cacheFolder, killed, { recursive: true });
    },
  });
  expect(decode).toHaveBeenCalledTimes(IMAGES);
  const batches = readdirSync(killed).filter((name) => name.endsWith('.bin'));
  writeFileSync(join(killed, `${batches[0] ?? ''}.part`), 'cut off while it was written');

  decode.mockClear();
  const quiet = (): void => undefined;
  const resumed = await encodeImages(encoder, paths, { cacheFolder: killed, onProgress: quiet });
  // Descriptors are kept in batches of 512.
  expect(decode).toHaveBeenCalledTimes(IMAGES - 512 * batches.length);

  decode.mockClear();
  const whole = await encodeImages(encoder, paths, { cacheFolder, onProgress: quiet });
  expect(decode).not.toHaveBeenCalled();
  expect(resumed).toEqual(whole);
});
