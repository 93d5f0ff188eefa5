import type { BenchmarkRow } from './benchmark-row.ts';
import { measureRound } from './masked-round.ts';

/** Of a hundred sites that shared their secrets, so many are lost. */
const DROPOUT_PERCENT = 5;

/**
 * Many sites in one round of groups, in this one thread: seconds of all sites together and of the coordinator, what was
 * uploaded, and the most memory, all sites' included. The sites' seconds are spread over as many machines as there are sites;
 * the coordinator's over as many cores as there are groups.
 */
export async function benchmarkGroups(
  { sites, parameters }: { readonly sites: number; readonly parameters: number },
  progress: (what: string) => void,
): Promise<readonly BenchmarkRow[]> {
  progress(`${thousands(sites)} sites x ${thousands(parameters)} parameters`);
  const started = performance.now();
  const lost = Math.floor((sites * DROPOUT_PERCENT) / 100);
  const round = await measureRound({ sites, parameters, dropouts: lost });
  const seconds = (performance.now() - started) / 1000;
  const bySites = round.keys + total(round.encode) + total(round.mask) + round.reveal;
  const size = `${thousands(sites)} sites x ${thousands(parameters)}, ${round.groups} group(s), ${lost} lost`;
  return [
    { name: `whole round in one thread, ${size}`, value: seconds, unit: 's' },
    { name: `one site, ${size}`, value: bySites / sites, unit: 'ms' },
    { name: `coordinator, ${size}`, value: (round.relay + round.unmask) / 1000, unit: 's' },
    { name: `masked uploads, ${size}`, value: (round.uploadBytes * (sites - lost)) / 1e6, unit: 'MB' },
    { name: `peak memory of the process, ${size}`, value: round.peakBytes / 2 ** 20, unit: 'MiB' },
  ];
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function thousands(value: number): string {
  return value.toLocaleString('en');
}
