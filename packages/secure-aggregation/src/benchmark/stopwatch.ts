/** Batches that are measured; two more come before them, until the loops are compiled. */
const BATCHES = 7;

/** Milliseconds one call takes: the median over batches of `calls`. */
export function millisecondsPerCall(calls: number, action: () => unknown): number {
  const batches: number[] = [];
  for (let batch = -2; batch < BATCHES; batch++) {
    const start = performance.now();
    for (let call = 0; call < calls; call++) action();
    if (batch >= 0) batches.push((performance.now() - start) / calls);
  }
  return median(batches);
}

/** The same of something to be awaited. */
export async function millisecondsPerTurn(calls: number, action: () => Promise<unknown>): Promise<number> {
  const batches: number[] = [];
  for (let batch = -2; batch < BATCHES; batch++) {
    const start = performance.now();
    for (let call = 0; call < calls; call++) await action();
    if (batch >= 0) batches.push((performance.now() - start) / calls);
  }
  return median(batches);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Processor time of all threads so far, ms: what a busy machine does not stretch. */
export function processorMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Adds up the time spent in calls that are scattered over a run. */
export class Stopwatch {
  #milliseconds = 0;

  get milliseconds(): number {
    return this.#milliseconds;
  }

  during<T>(action: () => T): T {
    const start = performance.now();
    const result = action();
    this.#milliseconds += performance.now() - start;
    return result;
  }

  async duringAsync<T>(action: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await action();
    this.#milliseconds += performance.now() - start;
    return result;
  }
}
