/** Mean and 1 / standard deviation of every column; a scale of 0 where the value never varies. */
export interface Standardisation {
  readonly mean: Float32Array;
  readonly scale: Float32Array;
}

/** Standardised values are cut here: one odd row must not dominate. */
const LARGEST = 4;
/** A deviation below this share of the root mean square of all values is rounding, not variation. */
const SMALLEST_SHARE = 1e-4;

/** Over rows of `width` numbers. No rows give zeros. */
export function standardisationOf(rows: Iterable<Float32Array>, width: number): Standardisation {
  const mean = new Float64Array(width);
  const squares = new Float64Array(width);
  let count = 0;
  let total = 0;
  // Welford 1962: plain sums of squares would lose a small deviation around a large mean.
  for (const row of rows) {
    count++;
    for (let k = 0; k < width; k++) {
      const value = row[k]!;
      const difference = value - mean[k]!;
      mean[k]! += difference / count;
      squares[k]! += difference * (value - mean[k]!);
      total += value * value;
    }
  }
  const least = SMALLEST_SHARE * Math.sqrt(total / Math.max(1, count * width));
  const scale = Float32Array.from(squares, (sum) => {
    const deviation = Math.sqrt(sum / Math.max(1, count));
    return deviation > least ? 1 / deviation : 0;
  });
  return { mean: Float32Array.from(mean), scale };
}

/** One value of a row, standardised and cut. */
export function standardised(value: number, { mean, scale }: Standardisation, column: number): number {
  return Math.min(LARGEST, Math.max(-LARGEST, (value - mean[column]!) * scale[column]!));
}
