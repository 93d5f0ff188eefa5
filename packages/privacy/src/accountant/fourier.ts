/** A complex vector; both parts have the same length, a power of two. */
export interface ComplexVector {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/**
 * Discrete Fourier transform in place, sum_n x_n e^(-2 pi i k n / N) (Cooley and Tukey 1965, radix 2). The inverse is the same
 * with the parts exchanged before and after, divided by N.
 */
export function fourierTransform({ real, imaginary }: ComplexVector): void {
  const length = real.length;
  reorder(real, imaginary);
  const [cosines, sines] = roots(length);
  for (let half = 1; half < length; half *= 2) {
    const stride = length / (2 * half);
    for (let start = 0; start < length; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const [even, odd] = [start + k, start + k + half];
        const [c, s] = [cosines[k * stride] as number, sines[k * stride] as number];
        const [x, y] = [real[odd] as number, imaginary[odd] as number];
        const [turnedReal, turnedImaginary] = [x * c - y * s, x * s + y * c];
        const [u, v] = [real[even] as number, imaginary[even] as number];
        real[even] = u + turnedReal;
        imaginary[even] = v + turnedImaginary;
        real[odd] = u - turnedReal;
        imaginary[odd] = v - turnedImaginary;
      }
    }
  }
}

/** To bit-reversed order. */
function reorder(real: Float64Array, imaginary: Float64Array): void {
  const length = real.length;
  for (let index = 1, reversed = 0; index < length; index++) {
    let bit = length >> 1;
    for (; (reversed & bit) !== 0; bit >>= 1) reversed ^= bit;
    reversed ^= bit;
    if (index >= reversed) continue;
    swap(real, index, reversed);
    swap(imaginary, index, reversed);
  }
}

function swap(values: Float64Array, a: number, b: number): void {
  const kept = values[a] as number;
  values[a] = values[b] as number;
  values[b] = kept;
}

/** Each root by its own sine and cosine: products of roots would add up errors. */
function roots(length: number): [Float64Array, Float64Array] {
  const angle = (k: number): number => (-2 * Math.PI * k) / length;
  const half = length / 2;
  return [
    Float64Array.from({ length: half }, (_, k) => Math.cos(angle(k))),
    Float64Array.from({ length: half }, (_, k) => Math.sin(angle(k))),
  ];
}
