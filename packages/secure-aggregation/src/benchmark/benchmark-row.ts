/** One measured figure. `peer` is Flower 1.x SecAgg+ on a machine of the same kind (2 vCPU); `target` our own limit. */
export interface BenchmarkRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: string;
  readonly target?: number;
  readonly met?: boolean;
}
