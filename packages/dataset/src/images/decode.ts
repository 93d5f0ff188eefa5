import { access, constants, readFile } from 'node:fs/promises';

/** Above this an image is refused: a few kilobytes can claim to be gigapixels. */
export const PIXEL_LIMIT = 100_000_000;

export type ImageFault = 'missing' | 'corrupt';

/** Decodes the image once, at a size that costs little, and says what is wrong with it. */
export async function imageFault(path: string): Promise<ImageFault | null> {
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) return 'missing';
  return (await decodeRgb(bytes, 16, 16)) === null ? 'corrupt' : null;
}

export async function imageExists(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Red, green, blue bytes of the image stretched to width x height, upright, on white; null where it cannot be decoded.
 * Takes bytes and not a path, because libvips remembers paths and would return an older content of the file.
 */
export async function decodeRgb(bytes: Uint8Array, width: number, height: number): Promise<Uint8Array | null> {
  const { default: sharp } = await import('sharp');
  try {
    return await sharp(bytes, { failOn: 'truncated', limitInputPixels: PIXEL_LIMIT })
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .resize(width, height, { fit: 'fill' })
      .removeAlpha()
      .raw()
      .toBuffer();
  } catch {
    return null;
  }
}
