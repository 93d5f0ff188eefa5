import type { BenchmarkRow } from './benchmark/benchmark-row.ts';
import { benchmarkGroups } from './benchmark/groups.ts';
import { measureRound, type MeasuredRound, type RoundSize } from './benchmark/masked-round.ts';
import { benchmarkPrimitives } from './benchmark/primitives.ts';
import { median } from './benchmark/stopwatch.ts';

export type { BenchmarkRow } from './benchmark/benchmark-row.ts';

const TEN: RoundSize = { sites: 10, parameters: 1_000_000, dropouts: 2 };
const HUNDRED: RoundSize = { sites: 100, parameters: 100_000, dropouts: 5 };

/** Of ten sites. The first round runs before the loops are compiled; what is reported is the median over the rest. */
const ROUNDS = 6;

/** The first size is that of a large private round; the others show how the cost grows with the number of sites. */
const SCALE = [
  { sites: 1000, parameters: 100_000 },
  { sites: 10, parameters: 10_000 },
  { sites: 100, parameters: 10_000 },
  { sites: 1000, parameters: 10_000 },
  { sites: 10_000, parameters: 10_000 },
];

/**
 * The primitives of a round, then whole rounds of ten and a hundred sites with sites lost after they shared their secrets,
 * and with `scale` rounds of up to ten thousand sites in groups, all in this one thread. Half a minute and some 200 MB;
 * `scale` takes about half an hour and some 3 GB more.
 */
export async function benchmarkMasking({
  scale = false,
  progress = () => undefined,
}: {
  readonly scale?: boolean;
  readonly progress?: (what: string) => void;
} = {}): Promise<{ readonly rows: readonly BenchmarkRow[] }> {
  progress('primitives');
  const rows = [...benchmarkPrimitives(), ...(await tenSites(progress)), ...(await hundredSites(progress))];
  for (const size of scale ? SCALE : []) rows.push(...(await benchmarkGroups(size, progress)));
  return { rows };
}

async function tenSites(progress: (what: string) => void): Promise<readonly BenchmarkRow[]> {
  const rounds: MeasuredRound[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    progress(`${sizeText(TEN)}, round ${round + 1} of ${ROUNDS}`);
    rounds.push(await measureRound(TEN));
  }
  const warm = rounds.slice(1);
  const bytes = median(warm.map((round) => round.uploadBytes)) / TEN.parameters;
  const mask = median(warm.flatMap((round) => round.mask));
  const unmask = median(warm.map((round) => round.unmask));
  return [
    {
      name: `keys and shares, per site, ${sizeText(TEN)}`,
      value: median(warm.map((round) => round.keys)) / TEN.sites,
      unit: 'ms',
    },
    {
      name: `clip and quantise, per site, ${sizeText(TEN)}`,
      value: median(warm.flatMap((round) => round.encode)),
      unit: 'ms',
    },
    {
      name: `mask, hash and sign, per site, ${sizeText(TEN)}`,
      value: mask,
      unit: 'ms',
      peer: '234 .. 367 ms',
      target: 50,
      met: mask <= 50,
    },
    {
      name: 'masked upload per parameter',
      value: bytes,
      unit: 'bytes',
      // Four bytes an element; hashes and signature are less than a thousandth of them.
      peer: '8 bytes',
      target: 4,
      met: bytes <= 4.004,
    },
    {
      name: `unmask at the coordinator, ${TEN.dropouts} dropouts, ${sizeText(TEN)}`,
      value: unmask,
      unit: 'ms',
      peer: '820 ms',
      target: 150,
      met: unmask <= 150,
    },
  ];
}

async function hundredSites(progress: (what: string) => void): Promise<readonly BenchmarkRow[]> {
  progress(sizeText(HUNDRED));
  const full = await measureRound(HUNDRED);
  progress(`${sizeText(HUNDRED)}, values of 12 bits`);
  const narrow = await measureRound({ ...HUNDRED, valueBits: 12 });
  const survivors = HUNDRED.sites - HUNDRED.dropouts;
  const size = sizeText(HUNDRED);
  return [
    { name: `keys and shares, per site, ${size}`, value: full.keys / HUNDRED.sites, unit: 'ms' },
    { name: `mask, hash and sign, per site, ${size}`, value: median(full.mask), unit: 'ms' },
    { name: `the same with values of 12 bits, packed`, value: median(narrow.mask), unit: 'ms' },
    {
      name: 'masked upload per parameter, values of 12 bits',
      value: narrow.uploadBytes / HUNDRED.parameters,
      unit: 'bytes',
    },
    { name: `sign survivors and reveal, per site, ${size}`, value: full.reveal / survivors, unit: 'ms' },
    { name: `unmask at the coordinator, ${HUNDRED.dropouts} dropouts, ${size}`, value: full.unmask, unit: 'ms' },
  ];
}

function sizeText({ sites, parameters }: RoundSize): string {
  return `${sites} sites x ${parameters.toLocaleString('en')} parameters`;
}
