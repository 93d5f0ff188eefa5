/** Images are looked at this small: more detail does not help features without learned weights. */
export const IMAGE_SIDE = 32;

const COLOURS = 64;
const CELLS = 4;
const ORIENTATIONS = 8;
const COARSE_CELLS = 2;

/** Parts in this order: colours of the whole, of the centre, colour layout, contrast layout, edges fine, edges coarse. */
export const IMAGE_DESCRIPTOR_LENGTH: number =
  2 * COLOURS + 3 * CELLS ** 2 + CELLS ** 2 + ORIENTATIONS * CELLS ** 2 + ORIENTATIONS * COARSE_CELLS ** 2;

/** Changes whenever the numbers below change, so that cached descriptors of an older kind are not used. */
export const IMAGE_DESCRIPTOR_VERSION = 1;

/**
 * What an image looks like without learned weights: colour histograms (whole and centre, because products stand in the
 * middle of a plain ground), mean colour and contrast on a 4 x 4 grid, and gradient orientations at two scales (after
 * Dalal and Triggs 2005). `rgb` is IMAGE_SIDE x IMAGE_SIDE x 3.
 */
export function describeImage(rgb: Uint8Array): Float32Array {
  const descriptor = new Float32Array(IMAGE_DESCRIPTOR_LENGTH);
  const light = new Float32Array(IMAGE_SIDE * IMAGE_SIDE);
  for (let pixel = 0; pixel < light.length; pixel++)
    light[pixel] = (rgb[pixel * 3]! + rgb[pixel * 3 + 1]! + rgb[pixel * 3 + 2]!) / 765;
  let at = 0;
  at = addColours(descriptor, at, rgb, 0);
  at = addColours(descriptor, at, rgb, IMAGE_SIDE / 4);
  at = addLayout(descriptor, at, rgb, light);
  at = addEdges(descriptor, at, light, IMAGE_SIDE, CELLS);
  addEdges(descriptor, at, halved(light, IMAGE_SIDE), IMAGE_SIDE / 2, COARSE_CELLS);
  return descriptor;
}

/** Square roots of the shares of 4 x 4 x 4 colours (Hellinger's kernel), without a border of `margin` pixels. */
function addColours(to: Float32Array, at: number, rgb: Uint8Array, margin: number): number {
  const share = 1 / (IMAGE_SIDE - 2 * margin) ** 2;
  for (let y = margin; y < IMAGE_SIDE - margin; y++)
    for (let x = margin; x < IMAGE_SIDE - margin; x++) {
      const pixel = (y * IMAGE_SIDE + x) * 3;
      const colour = (rgb[pixel]! >> 6) * 16 + (rgb[pixel + 1]! >> 6) * 4 + (rgb[pixel + 2]! >> 6);
      to[at + colour]! += share;
    }
  for (let colour = 0; colour < COLOURS; colour++) to[at + colour] = Math.sqrt(to[at + colour]!);
  return at + COLOURS;
}

/** Per cell: lightness, red-green, yellow-blue (means), then the standard deviation of the lightness. */
function addLayout(to: Float32Array, at: number, rgb: Uint8Array, light: Float32Array): number {
  const side = IMAGE_SIDE / CELLS;
  for (let cell = 0; cell < CELLS ** 2; cell++) {
    const top = Math.floor(cell / CELLS) * side;
    const left = (cell % CELLS) * side;
    let lightness = 0;
    let squares = 0;
    let redGreen = 0;
    let yellowBlue = 0;
    for (let y = top; y < top + side; y++)
      for (let x = left; x < left + side; x++) {
        const pixel = y * IMAGE_SIDE + x;
        const red = rgb[pixel * 3]! / 255;
        const green = rgb[pixel * 3 + 1]! / 255;
        lightness += light[pixel]!;
        squares += light[pixel]! ** 2;
        redGreen += red - green;
        yellowBlue += (red + green) / 2 - rgb[pixel * 3 + 2]! / 255;
      }
    const pixels = side * side;
    to[at + cell * 3] = lightness / pixels;
    to[at + cell * 3 + 1] = redGreen / pixels;
    to[at + cell * 3 + 2] = yellowBlue / pixels;
    const variance = squares / pixels - (lightness / pixels) ** 2;
    to[at + 3 * CELLS ** 2 + cell] = Math.sqrt(Math.max(0, variance));
  }
  return at + 4 * CELLS ** 2;
}

/** Square roots of the shares of gradient magnitude by cell and unsigned orientation. */
function addEdges(to: Float32Array, at: number, light: Float32Array, side: number, cells: number): number {
  const length = cells ** 2 * ORIENTATIONS;
  // A flat image has no edges: the small constant keeps its noise from being blown up.
  let total = side;
  for (let y = 1; y < side - 1; y++)
    for (let x = 1; x < side - 1; x++) {
      const dx = light[y * side + x + 1]! - light[y * side + x - 1]!;
      const dy = light[(y + 1) * side + x]! - light[(y - 1) * side + x]!;
      const magnitude = Math.hypot(dx, dy);
      const angle = (Math.atan2(dy, dx) + Math.PI) % Math.PI;
      const orientation = Math.min(ORIENTATIONS - 1, Math.floor((angle / Math.PI) * ORIENTATIONS));
      const cell = Math.floor((y * cells) / side) * cells + Math.floor((x * cells) / side);
      to[at + cell * ORIENTATIONS + orientation]! += magnitude;
      total += magnitude;
    }
  for (let k = 0; k < length; k++) to[at + k] = Math.sqrt(to[at + k]! / total);
  return at + length;
}

/** Means of 2 x 2 pixels. */
function halved(light: Float32Array, side: number): Float32Array {
  const half = side / 2;
  return Float32Array.from({ length: half * half }, (_, pixel) => {
    const from = Math.floor(pixel / half) * 2 * side + (pixel % half) * 2;
    return (light[from]! + light[from + 1]! + light[from + side]! + light[from + side + 1]!) / 4;
  });
}
