import { withTarget, type BenchmarkRow } from './benchmark/benchmark-row.ts';
import { costRows, type CostTarget } from './benchmark/cost-curve.ts';
import { measureRound, type MeasuredRound } from './benchmark/masked-round.ts';
import { benchmarkPrimitives } from './benchmark/primitives.ts';
import { sizeText, type RoundSize } from './benchmark/round-size.ts';
import { SiteThreads } from './benchmark/site-threads.ts';
import { median } from './benchmark/stopwatch.ts';
import { RemovalThreads } from './masks/removal-threads.ts';

export type { BenchmarkRow } from './benchmark/benchmark-row.ts';

const TEN: RoundSize = { sites: 10, parameters: 1_000_000, dropouts: 2 };
const HUNDRED: RoundSize = { sites: 100, parameters: 100_000, dropouts: 5 };

/** Of ten sites. The first round runs before the loops are compiled; what is reported is the median over the rest. */
const ROUNDS = 6;

/**
 * How the cost grows with the number of sites; then the size of a large private round, whose targets were reckoned from the
 * primitives on one core: a site's hundred masks and hundred key agreements; the masks of all survivors, and those that the
 * lost had with them.
 */
const SCALE: readonly (RoundSize & { readonly target: CostTarget })[] = [
  { sites: 10, parameters: 10_000, dropouts: 0, target: {} },
  { sites: 100, parameters: 10_000, dropouts: 5, target: {} },
  { sites: 1000, parameters: 10_000, dropouts: 50, target: {} },
  { sites: 10_000, parameters: 10_000, dropouts: 500, target: {} },
  { sites: 1000, parameters: 100_000, dropouts: 50, target: { site: 90, unmask: 3.1 } },
];

export interface MaskingBenchmarkOptions {
  /** Threads in which sites are simulated, and in which sums are opened while no site is at work. */
  readonly cores: number;
  /** Also rounds of 10 to 10,000 sites. */
  readonly scale?: boolean;
  /** Rounds of these sizes instead of all else. */
  readonly sizes?: readonly Pick<RoundSize, 'sites' | 'parameters'>[];
  readonly progress?: (what: string) => void;
  /** The modules of the threads. Default: the built ones. */
  readonly entries?: { readonly sites: URL; readonly removal: URL };
}

interface Bench {
  readonly measure: (size: RoundSize, what?: string) => Promise<MeasuredRound>;
  readonly progress: (what: string) => void;
}

/**
 * The primitives of a round, then whole rounds of ten and a hundred sites with sites lost after they shared their secrets,
 * and with `scale` rounds of up to ten thousand sites in groups: real cryptography, every sum checked. On two cores half a
 * minute and some 300 MB; `scale` takes some ten minutes more and 4 GB, most of it the ten thousand sites'.
 */
export async function benchmarkMasking({
  cores,
  scale = false,
  sizes,
  progress = () => undefined,
  entries,
}: MaskingBenchmarkOptions): Promise<{ readonly rows: readonly BenchmarkRow[] }> {
  const threads = new SiteThreads(cores, entries?.sites);
  const measure = async (size: RoundSize, what = sizeText(size)): Promise<MeasuredRound> => {
    // A round of its own, as the coordinator has it: the threads' start is in the time.
    const removal = { cores, ...(entries === undefined ? {} : { entry: entries.removal }) };
    const maskRemoval = new RemovalThreads(removal);
    try {
      return await measureRound(size, { threads, maskRemoval, progress: (step) => progress(`${what}: ${step}`) });
    } finally {
      await maskRemoval.close();
    }
  };
  const bench = { measure, progress };
  try {
    if (sizes !== undefined) return { rows: await costCurve(sizes.map(withLosses), bench) };
    progress('primitives');
    const rows = [...(await benchmarkPrimitives()), ...(await tenSites(bench)), ...(await hundredSites(bench))];
    return { rows: scale ? [...rows, ...(await costCurve(SCALE, bench))] : rows };
  } finally {
    await threads.close();
  }
}

/** One in twenty is lost. */
function withLosses(size: Pick<RoundSize, 'sites' | 'parameters'>): RoundSize & { readonly target: CostTarget } {
  return { ...size, dropouts: Math.floor(size.sites / 20), target: {} };
}

async function costCurve(
  sizes: readonly (RoundSize & { readonly target: CostTarget })[],
  { measure }: Bench,
): Promise<readonly BenchmarkRow[]> {
  const rows: BenchmarkRow[] = [];
  for (const { target, ...size } of sizes) {
    const started = performance.now();
    const round = await measure(size);
    rows.push(...costRows(size, round, (performance.now() - started) / 1000, target));
  }
  return rows;
}

async function tenSites({ measure }: Bench): Promise<readonly BenchmarkRow[]> {
  const size = sizeText(TEN);
  const rounds: MeasuredRound[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await measure(TEN, `${size}, round ${round + 1} of ${ROUNDS}`));
  }
  const warm = rounds.slice(1);
  const bytes = median(warm.map((round) => round.uploadBytes)) / TEN.parameters;
  const mask = median(warm.flatMap((round) => round.mask));
  const unmask = median(warm.map((round) => round.unmask));
  return [
    {
      name: `keys and shares, per site, ${size}`,
      value: median(warm.map((round) => round.keys)) / TEN.sites,
      unit: 'ms',
    },
    { name: `clip and quantise, per site, ${size}`, value: median(warm.flatMap((round) => round.encode)), unit: 'ms' },
    withTarget({ name: `mask, hash and sign, per site, ${size}`, value: mask, unit: 'ms', peer: '234 .. 367 ms' }, 50),
    {
      name: 'masked upload per parameter',
      value: bytes,
      unit: 'bytes',
      // Four bytes an element; hashes and signature are less than a thousandth of them.
      peer: '8 bytes',
      target: 4,
      met: bytes <= 4.004,
    },
    withTarget({ name: `unmask at the coordinator, ${size}`, value: unmask, unit: 'ms', peer: '820 ms' }, 150),
  ];
}

async function hundredSites({ measure }: Bench): Promise<readonly BenchmarkRow[]> {
  const full = await measure(HUNDRED);
  const narrow = await measure({ ...HUNDRED, valueBits: 12 }, `${sizeText(HUNDRED)}, values of 12 bits`);
  const survivors = HUNDRED.sites - HUNDRED.dropouts;
  const size = sizeText(HUNDRED);
  return [
    { name: `keys and shares, per site, ${size}`, value: full.keys / HUNDRED.sites, unit: 'ms' },
    withTarget({ name: `mask, hash and sign, per site, ${size}`, value: median(full.mask), unit: 'ms' }, 94),
    { name: `the same with values of 12 bits, packed`, value: median(narrow.mask), unit: 'ms' },
    {
      name: 'masked upload per parameter, values of 12 bits',
      value: narrow.uploadBytes / HUNDRED.parameters,
      unit: 'bytes',
    },
    { name: `sign survivors and reveal, per site, ${size}`, value: full.reveal / survivors, unit: 'ms' },
    withTarget({ name: `unmask at the coordinator, ${size}`, value: full.unmask, unit: 'ms' }, 93 * HUNDRED.dropouts),
  ];
}
