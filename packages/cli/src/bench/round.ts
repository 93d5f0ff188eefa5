import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { plainLineage, simulateFederation } from '@noren/simulator';

import { CliError } from '../failure.ts';
import type { BenchRow } from './report.ts';

const sites = 4;
const parameters = 1_000_000;
const rounds = 3;

/**
 * A whole round without any learning: what the coordinator, the masking and the wire cost. Four sites and their
 * coordinator share this process, so that a site's work counts as well.
 */
export async function benchmarkRound(): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'noren-bench-'));
  try {
    const startedAt = performance.now();
    const done = await simulateFederation({ folder, sites, rounds, seed: 1, lineage: plainLineage(parameters) });
    const seconds = (performance.now() - startedAt) / 1000;
    if (done.some((round) => round.outcome !== 'accepted')) throw new CliError('A benchmark round was not accepted.');
    return [
      {
        name: `${sites} sites, ${parameters.toLocaleString('en')} parameters, one process, start-up shared by ${rounds} rounds`,
        value: seconds / rounds,
        unit: 's a round',
        peer: 'Flower deployment engine 12-15 s',
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
