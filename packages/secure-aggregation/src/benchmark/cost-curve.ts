import { withTarget, type BenchmarkRow } from './benchmark-row.ts';
import type { MeasuredRound } from './masked-round.ts';
import { sizeText, type RoundSize } from './round-size.ts';

/** What a point of the curve may cost at most: all of one site's work, ms; opening all sums, s. */
export interface CostTarget {
  readonly site?: number;
  readonly unmask?: number;
}

/**
 * What a round of this size costs a site and the coordinator. A site's work is spread over as many machines as there are
 * sites; of the coordinator's, only opening the sums uses more than one core. Processor time is that of all threads, with the
 * carrying of messages between them: more than either side spends, but no more on a busy machine.
 */
export function costRows(size: RoundSize, round: MeasuredRound, seconds: number, target: CostTarget): BenchmarkRow[] {
  const uploading = round.mask.length;
  const vector = (total(round.encode) + total(round.mask)) / uploading;
  const work = round.keys / size.sites + vector + round.reveal / uploading;
  const what = `${sizeText(size)}, ${round.groups} ${round.groups === 1 ? 'group' : 'groups'}`;
  const site = { name: `one site, ${what}`, value: work, unit: 'ms' };
  const unmask = { name: `coordinator: of that, to open the sums, ${what}`, value: round.unmask / 1000, unit: 's' };
  return [
    target.site === undefined ? site : withTarget(site, target.site),
    { name: `one site: of that, to quantise and mask, ${what}`, value: vector, unit: 'ms' },
    { name: `one site: processor time, ${what}`, value: round.sitesProcessor / size.sites, unit: 'ms' },
    { name: `one site sends, ${what}`, value: round.sentBytes, unit: 'bytes' },
    { name: `one site receives, ${what}`, value: round.receivedBytes, unit: 'bytes' },
    { name: `coordinator, ${what}`, value: (round.relay + round.unmask) / 1000, unit: 's' },
    target.unmask === undefined ? unmask : withTarget(unmask, target.unmask),
    { name: `coordinator: processor time, ${what}`, value: round.coordinatorProcessor / 1000, unit: 's' },
    { name: `coordinator: peak heap and buffers, ${what}`, value: round.coordinatorBytes / 2 ** 20, unit: 'MiB' },
    { name: `peak memory of the process, all sites included, ${what}`, value: round.peakBytes / 2 ** 20, unit: 'MiB' },
    { name: `whole round, all sites included, ${what}`, value: seconds, unit: 's' },
  ];
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
