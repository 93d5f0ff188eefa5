/**
 * One measured figure. `peer` is Flower 1.x SecAgg+ on a machine of the same kind (2 vCPU); `target` our own limit: the most
 * it may be, of a throughput (GB/s) the least.
 */
export interface BenchmarkRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: string;
  readonly target?: number;
  readonly met?: boolean;
}

/** The row with its target, and whether it is met. */
export function withTarget(row: BenchmarkRow, target: number): BenchmarkRow {
  return { ...row, target, met: row.unit === 'GB/s' ? row.value >= target : row.value <= target };
}
