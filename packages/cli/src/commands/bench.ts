import { availableParallelism } from 'node:os';

import { Argument, Command } from 'commander';

import { benchReport, benchTable, type BenchRow } from '../bench/report.ts';
import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';
import { wholeNumber } from './choices.ts';
import { openTerminal } from './open-terminal.ts';

interface BenchOptions {
  readonly scale: boolean;
  readonly sites?: number;
  readonly parameters: number;
  readonly data?: string;
  readonly rows?: number;
  readonly experiment?: string;
  readonly seeds: number;
  readonly out: string;
}

/** Every benchmark measures what it compares in one run, on one machine. */
const benchmarks: Readonly<
  Record<string, (progress: (what: string) => void, o: BenchOptions) => Promise<readonly BenchRow[]>>
> = {
  secagg: async (progress, { scale, sites, parameters }) => {
    const { benchmarkMasking } = await import('@noren/secure-aggregation');
    const sizes = sites === undefined ? {} : { sizes: [{ sites, parameters }] };
    return (await benchmarkMasking({ cores: availableParallelism(), progress, scale, ...sizes })).rows;
  },
  round: async () => (await import('../bench/round.ts')).benchmarkRound(),
  relearn: async (progress) => (await import('../bench/relearn.ts')).benchmarkRelearning({ progress }),
  train: async (progress) => {
    const { benchmarkPytorch, benchmarkTraining } = await import('@noren/tensor');
    return [...(await benchmarkTraining()).rows, ...(await benchmarkPytorch({ progress })).rows];
  },
  worker: async () => (await (await import('@noren/tensor')).benchmarkWorker()).rows,
  rank: async () => (await (await import('@noren/tensor')).benchmarkRanking()).rows,
  'per-example': async () => (await (await import('@noren/tensor')).benchmarkPerExample()).rows,
  images: async (progress, { data }) => {
    if (data === undefined) {
      throw new CliError('Name a folder of images: noren bench images --data <folder>.', exitCode.usage);
    }
    const { benchmarkImages } = await import('@noren/dataset');
    const onProgress = (done: number, total: number, what: string): void => progress(`${what}, ${done} of ${total}`);
    return (await benchmarkImages({ folder: data, onProgress })).rows;
  },
  accuracy: async (progress, { data, experiment, seeds, out }) => {
    if (data === undefined) {
      throw new CliError('Name the folder of the data sets: noren bench accuracy --data <folder>.', exitCode.usage);
    }
    const { benchmarkAccuracy } = await import('../bench/accuracy.ts');
    return benchmarkAccuracy({ data, experiment, seeds, out, progress });
  },
  import: async (progress, { rows }) => {
    const { benchmarkImport } = await import('@noren/dataset');
    return (await benchmarkImport({ onProgress: progress, ...(rows === undefined ? {} : { rows }) })).rows;
  },
};

/** Of one round: what one cohort may have. */
const siteCount = wholeNumber(3, 10_000);

/** Needs files of the user's own, so `all` measures it only where they are named. */
const needData: ReadonlySet<string> = new Set(['images']);
/** Takes hours on everything, so it has to be asked for. */
const apart: ReadonlySet<string> = new Set(['accuracy']);

export function benchCommand(): Command {
  const names = Object.keys(benchmarks);
  return new Command('bench')
    .description('Measure this machine.')
    .addArgument(new Argument('<name>', 'which benchmark').choices([...names, 'all']))
    .option(
      '--scale',
      'secagg: also 10 to 10,000 sites, those of more than 128 in groups; a quarter of an hour on two cores',
      false,
    )
    .option('--sites <count>', 'secagg: one round of so many sites, one in twenty lost, and nothing else', siteCount)
    .option('--parameters <count>', 'secagg with --sites: values of an update', wholeNumber(1, 10_000_000), 10_000)
    .option('--data <folder>', 'images: the folder whose images are encoded; accuracy: the folder of the data sets')
    .option(
      '--experiment <name>',
      'accuracy: one of amazon-scientific, uci-elsewhere, uci-shops, uci-small-headquarters, hm-divided, hm-lines',
    )
    .option('--seeds <count>', 'accuracy: trainings of everything', wholeNumber(1, 100), 3)
    .option('--out <folder>', 'accuracy: where tables and plots are written', 'accuracy')
    .option('--rows <count>', 'import: how many purchases; default 10,000,000', wholeNumber(1000, 200_000_000))
    .addHelpText(
      'after',
      '\nExamples\n  noren bench secagg --json\n  noren bench secagg --sites 1000 --parameters 100000\n  noren bench import --rows 1000000\n  noren bench accuracy --data data/hm --experiment hm-lines --seeds 3',
    )
    .action(async (name: string, options: BenchOptions, command: Command) => {
      const { terminal } = openTerminal(command);
      const all = names.filter((bench) => !apart.has(bench) && (options.data !== undefined || !needData.has(bench)));
      for (const bench of name === 'all' ? all : [name]) {
        terminal.progress(`  measuring ${bench} ...`);
        const progress = (what: string): void => terminal.progress(`  measuring ${bench}: ${what} ...`);
        const report = benchReport(bench, (await benchmarks[bench]?.(progress, options)) ?? []);
        terminal.out(terminal.json ? JSON.stringify(report) : `${benchTable(report)}\n`);
      }
    });
}
