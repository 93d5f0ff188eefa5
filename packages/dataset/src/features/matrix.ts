/** A rows x columns matrix seen only through its products with thin matrices (row-major, `width` columns). */
export interface MatrixOperator {
  readonly rows: number;
  readonly columns: number;
  /** A X: X is columns x width, the result rows x width. */
  times(x: Float64Array, width: number): Float64Array;
  /** A^T X: X is rows x width, the result columns x width. */
  transposedTimes(x: Float64Array, width: number): Float64Array;
}

/** Compressed sparse rows: row r holds `values[starts[r] .. starts[r+1])` at `places`. */
export interface SparseRows {
  readonly columns: number;
  readonly starts: Int32Array;
  readonly places: Int32Array;
  readonly values: Float32Array;
}

/** The operator of a sparse matrix. */
export function sparse(a: SparseRows): MatrixOperator {
  const rows = a.starts.length - 1;
  return {
    rows,
    columns: a.columns,
    times: (x, width) => {
      const result = new Float64Array(rows * width);
      for (let row = 0; row < rows; row++)
        for (let at = a.starts[row]!; at < a.starts[row + 1]!; at++)
          addRow(result, row * width, x, a.places[at]! * width, a.values[at]!, width);
      return result;
    },
    transposedTimes: (x, width) => {
      const result = new Float64Array(a.columns * width);
      for (let row = 0; row < rows; row++)
        for (let at = a.starts[row]!; at < a.starts[row + 1]!; at++)
          addRow(result, a.places[at]! * width, x, row * width, a.values[at]!, width);
      return result;
    },
  };
}

/** The operator of a dense row-major matrix. */
export function dense(a: Float32Array, rows: number, columns: number): MatrixOperator {
  return {
    rows,
    columns,
    times: (x, width) => {
      const result = new Float64Array(rows * width);
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++)
          addRow(result, row * width, x, column * width, a[row * columns + column]!, width);
      return result;
    },
    transposedTimes: (x, width) => {
      const result = new Float64Array(columns * width);
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++)
          addRow(result, column * width, x, row * width, a[row * columns + column]!, width);
      return result;
    },
  };
}

function addRow(to: Float64Array, at: number, from: Float64Array, start: number, factor: number, width: number): void {
  for (let k = 0; k < width; k++) to[at + k]! += factor * from[start + k]!;
}
