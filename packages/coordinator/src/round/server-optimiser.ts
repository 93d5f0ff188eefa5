import type { PlanTemplate } from '@noren/protocol';

import type { YieldTurn } from './aggregate.ts';
import { inPieces } from './aggregate.ts';

/** First and second moment of the mean updates, as long as the federated vector. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** Reddi et al., Adaptive Federated Optimization (ICLR 2021), algorithm 2: their defaults. */
const BETA_1 = 0.9;
const BETA_2 = 0.99;
const ADAPTIVITY = 1e-3;

/**
 * One server step from release and mean update to the candidate's vector.
 *
 * - fedavg: release + learningRate x update (McMahan et al. 2017 for learningRate 1).
 * - fedadam: moments m = 0.9 m + 0.1 u, v = 0.99 v + 0.01 u^2 without bias correction, release + learningRate x
 *   m / (sqrt(v) + 1e-3). `moments` null starts both at zero.
 *
 * Arithmetic in float64, results in float32. Inputs are not changed.
 */
export async function serverStep(o: {
  readonly server: PlanTemplate['server'];
  readonly release: Float32Array;
  readonly update: Float32Array;
  readonly moments: Moments | null;
  readonly yieldTurn: YieldTurn;
}): Promise<{ readonly candidate: Float32Array; readonly moments: Moments | null }> {
  const { server, release, update, yieldTurn } = o;
  const { length } = release;
  const candidate = new Float32Array(length);
  if (server.optimizer === 'fedavg') {
    await inPieces(length, yieldTurn, (from, to) => {
      for (let i = from; i < to; i++) candidate[i] = release[i]! + server.learningRate * update[i]!;
    });
    return { candidate, moments: null };
  }
  const first = new Float32Array(length);
  const second = new Float32Array(length);
  await inPieces(length, yieldTurn, (from, to) => {
    for (let i = from; i < to; i++) {
      const u = update[i]!;
      const m = BETA_1 * (o.moments?.first[i] ?? 0) + (1 - BETA_1) * u;
      const v = BETA_2 * (o.moments?.second[i] ?? 0) + (1 - BETA_2) * u * u;
      first[i] = m;
      second[i] = v;
      candidate[i] = release[i]! + (server.learningRate * m) / (Math.sqrt(v) + ADAPTIVITY);
    }
  });
  return { candidate, moments: { first, second } };
}
