import { PIXEL_LIMIT } from './decode.ts';

/** How an image is brought to a fixed size. */
export interface PixelPlan {
  /** `shortest`: the shorter side gets that length, the other follows. */
  readonly resize: { readonly shortest: number } | { readonly width: number; readonly height: number } | null;
  readonly kernel: 'nearest' | 'linear' | 'cubic' | 'lanczos3';
  /** Cut out of the middle. */
  readonly crop: { readonly width: number; readonly height: number } | null;
}

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** height x width x 3: red, green, blue. */
  readonly rgb: Uint8Array;
}

/**
 * The image upright, on white, resized and cropped; null where it cannot be decoded, or is smaller than the crop.
 * Takes bytes and not a path, because libvips remembers paths and would return an older content of the file.
 */
export async function decodePixels(bytes: Uint8Array, { resize, kernel, crop }: PixelPlan): Promise<Pixels | null> {
  const { default: sharp } = await import('sharp');
  try {
    const image = sharp(bytes, { failOn: 'truncated', limitInputPixels: PIXEL_LIMIT });
    const found = (await image.metadata()).autoOrient;
    const size = sizeOf(found, resize);
    image
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      // A JPEG decoded small at once is quicker and not what the model was trained on.
      .resize(size.width, size.height, { fit: 'fill', kernel, fastShrinkOnLoad: false });
    if (crop !== null) {
      const left = Math.floor((size.width - crop.width) / 2);
      const top = Math.floor((size.height - crop.height) / 2);
      image.extract({ left, top, ...crop });
    }
    const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, rgb: data };
  } catch {
    return null;
  }
}

function sizeOf(
  found: { readonly width: number; readonly height: number },
  resize: PixelPlan['resize'],
): { readonly width: number; readonly height: number } {
  if (resize === null) return found;
  if (!('shortest' in resize)) return resize;
  const scale = resize.shortest / Math.min(found.width, found.height);
  // The longer side is rounded down, as Transformers does.
  const side = (length: number): number => Math.max(resize.shortest, Math.floor(length * scale));
  return { width: side(found.width), height: side(found.height) };
}
