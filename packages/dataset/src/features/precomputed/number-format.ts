/** How one number is stored. */
export interface NumberFormat {
  readonly kind: 'float16' | 'bfloat16' | 'float32' | 'float64';
  readonly littleEndian: boolean;
}

export const NUMBER_BYTES: Readonly<Record<NumberFormat['kind'], number>> = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
};

/** Fills `to` with the first `to.length` numbers of `bytes`, as float32. */
export function decodeNumbers(bytes: Uint8Array, { kind, littleEndian }: NumberFormat, to: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (kind) {
    case 'float64':
      for (let at = 0; at < to.length; at++) to[at] = view.getFloat64(at * 8, littleEndian);
      return;
    case 'float32':
      for (let at = 0; at < to.length; at++) to[at] = view.getFloat32(at * 4, littleEndian);
      return;
    case 'float16':
      for (let at = 0; at < to.length; at++) to[at] = half(view.getUint16(at * 2, littleEndian));
      return;
    case 'bfloat16': {
      // The upper half of a float32.
      const bits = new Uint32Array(1);
      const value = new Float32Array(bits.buffer);
      for (let at = 0; at < to.length; at++) {
        bits[0] = view.getUint16(at * 2, littleEndian) << 16;
        to[at] = value[0]!;
      }
      return;
    }
  }
}

/** IEEE 754 binary16: sign, 5 bits of exponent (bias 15), 10 bits of fraction. */
function half(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
