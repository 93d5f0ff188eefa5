import type { BenchmarkRow } from './benchmark-row.ts';
import { measureRound } from './masked-round.ts';

/** Sites that mask together; more are divided into groups of so many. */
const GROUP = 100;

/** Of a hundred sites that shared their secrets, so many are lost. */
const DROPOUT_PERCENT = 5;

/**
 * Many sites in groups, one group after the other in this one thread: seconds of all sites together and of the
 * coordinator, what was uploaded, and the most memory. The sites' seconds are spread over as many machines as there are
 * sites; the coordinator's over as many cores as there are groups.
 */
export async function benchmarkGroups(
  o: { readonly sites: number; readonly parameters: number },
  progress: (what: string) => void,
): Promise<readonly BenchmarkRow[]> {
  const started = performance.now();
  let [bySites, byCoordinator, bytes, peakBytes, lost] = [0, 0, 0, 0, 0];
  for (let first = 0; first < o.sites; first += GROUP) {
    progress(`${o.sites} sites x ${o.parameters} parameters, ${first} done`);
    const sites = Math.min(GROUP, o.sites - first);
    const dropouts = Math.floor((sites * DROPOUT_PERCENT) / 100);
    const round = await measureRound({ sites, parameters: o.parameters, dropouts });
    bySites += round.keys + total(round.encode) + total(round.mask) + round.reveal;
    byCoordinator += round.relay + round.unmask;
    bytes += round.uploadBytes * (sites - dropouts);
    lost += dropouts;
    peakBytes = Math.max(peakBytes, round.peakBytes);
  }
  const size = `${thousands(o.sites)} sites x ${thousands(o.parameters)}, groups of ${Math.min(GROUP, o.sites)}, ${lost} lost`;
  return [
    { name: `whole run in one thread, ${size}`, value: (performance.now() - started) / 1000, unit: 's' },
    { name: `one site, ${size}`, value: bySites / o.sites, unit: 'ms' },
    { name: `coordinator, ${size}`, value: byCoordinator / 1000, unit: 's' },
    { name: `masked uploads, ${size}`, value: bytes / 1e6, unit: 'MB' },
    { name: `peak memory of the process, ${size}`, value: peakBytes / 2 ** 20, unit: 'MiB' },
  ];
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function thousands(value: number): string {
  return value.toLocaleString('en');
}
