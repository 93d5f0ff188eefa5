import type { Sequences } from '@noren/dataset';

/** Training examples, packed: each window predicts every one of its targets from the inputs up to the same place. */
export interface Windows {
  readonly count: number;
  /** Width of a row. */
  readonly length: number;
  /** count x length catalogue rows, oldest first, padded at the end with 0. */
  readonly inputs: Int32Array;
  /** count x length: the item that followed each input. */
  readonly targets: Int32Array;
  /** Real positions of each window, 1 .. length. */
  readonly sizes: Int32Array;
  /** Customer number of each window, ascending; a long sequence has several. */
  readonly customers: Int32Array;
  /** Sum of `sizes`: the examples of one epoch. */
  readonly examples: number;
}

/**
 * Cuts every sequence of two or more items into windows of at most `maximumLength` inputs, from its end, so that the most
 * recent window is full. Rows are as wide as the longest window.
 */
export function trainingWindows(sequences: Sequences, maximumLength: number): Windows {
  const spans: { customer: number; start: number; size: number }[] = [];
  for (let customer = 0; customer < sequences.customers.length; customer += 1) {
    const first = sequences.offsets[customer] ?? 0;
    let end = (sequences.offsets[customer + 1] ?? 0) - 1;
    while (end > first) {
      const start = Math.max(first, end - maximumLength);
      spans.push({ customer, start, size: end - start });
      end = start;
    }
  }
  const length = spans.reduce((longest, { size }) => Math.max(longest, size), 1);
  const inputs = new Int32Array(spans.length * length);
  const targets = new Int32Array(spans.length * length);
  spans.forEach(({ start, size }, row) => {
    inputs.set(sequences.items.subarray(start, start + size), row * length);
    targets.set(sequences.items.subarray(start + 1, start + size + 1), row * length);
  });
  return {
    count: spans.length,
    length,
    inputs,
    targets,
    sizes: Int32Array.from(spans, ({ size }) => size),
    customers: Int32Array.from(spans, ({ customer }) => customer),
    examples: spans.reduce((sum, { size }) => sum + size, 0),
  };
}
