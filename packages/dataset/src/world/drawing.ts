import { writeFile } from 'node:fs/promises';

import type { RandomStream } from '../random.ts';
import type { Product } from './assortment.ts';
import { CATEGORIES, COLOURS, STYLES } from './vocabulary.ts';

export const IMAGE_WIDTH = 96;
export const IMAGE_HEIGHT = 128;

/** Pattern tiles in the order of PATTERNS; `ink` is put in. */
const TILES: readonly ((ink: string) => string)[] = [
  () => '',
  (ink) => tile(8, 8, `<rect width="3" height="8" fill="${ink}"/>`),
  (ink) => tile(12, 12, `<rect width="4" height="12" fill="${ink}"/><rect width="12" height="4" fill="${ink}"/>`),
  (ink) => tile(10, 10, `<circle cx="5" cy="5" r="2.6" fill="${ink}"/>`),
  (ink) => tile(10, 10, `<rect width="10" height="4" fill="${ink}"/>`),
  (ink) =>
    tile(
      16,
      16,
      `<g fill="${ink}"><circle cx="8" cy="4" r="3"/><circle cx="8" cy="12" r="3"/><circle cx="4" cy="8" r="3"/><circle cx="12" cy="8" r="3"/></g>`,
    ),
];

/** A product photograph of sorts: the outline of the category in colour and pattern on the ground of the style. */
export function drawProduct(product: Product, random: RandomStream): string {
  const colour = COLOURS[product.colour];
  const outline = CATEGORIES[product.category]?.outline ?? '';
  const scale = 0.9 + 0.15 * random.uniform();
  const x = (IMAGE_WIDTH / 2) * (1 - scale) + 4 * (random.uniform() - 0.5);
  const y = (IMAGE_HEIGHT / 2) * (1 - scale) + 4 * (random.uniform() - 0.5);
  const turn = 6 * (random.uniform() - 0.5);
  const tileOf = TILES[product.pattern] ?? ((): string => '');
  const defined = tileOf(colour?.ink ?? '#000000');
  const shape = (fill: string): string =>
    `<path d="${outline}" fill="${fill}" fill-rule="evenodd" stroke="#00000055" stroke-width="1"/>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${IMAGE_WIDTH}" height="${IMAGE_HEIGHT}">` +
    `<defs>${defined}</defs><rect width="100%" height="100%" fill="${STYLES[product.style]?.tint ?? '#ffffff'}"/>` +
    `<g transform="translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${scale.toFixed(3)}) rotate(${turn.toFixed(2)} 48 64)">` +
    `${shape(colour?.rgb ?? '#000000')}${defined === '' ? '' : shape('url(#tile)')}</g></svg>`
  );
}

export async function renderJpeg(svg: string, path: string): Promise<void> {
  const { default: sharp } = await import('sharp');
  await writeFile(path, await sharp(Buffer.from(svg)).flatten().jpeg({ quality: 85 }).toBuffer());
}

function tile(width: number, height: number, content: string): string {
  return `<pattern id="tile" width="${width}" height="${height}" patternUnits="userSpaceOnUse">${content}</pattern>`;
}
