import { Argument, Command } from 'commander';

import { benchReport, benchTable, type BenchRow } from '../bench/report.ts';
import { openTerminal } from './open-terminal.ts';

interface BenchOptions {
  readonly scale: boolean;
}

/** Every benchmark measures what it compares in one run, on one machine. */
const benchmarks: Readonly<
  Record<string, (progress: (what: string) => void, o: BenchOptions) => Promise<readonly BenchRow[]>>
> = {
  secagg: async (progress, { scale }) => {
    const { benchmarkMasking } = await import('@noren/secure-aggregation');
    return (await benchmarkMasking({ progress, scale })).rows;
  },
  round: async () => (await import('../bench/round.ts')).benchmarkRound(),
  train: async (progress) => {
    const { benchmarkPytorch, benchmarkTraining } = await import('@noren/tensor');
    return [...(await benchmarkTraining()).rows, ...(await benchmarkPytorch({ progress })).rows];
  },
  worker: async () => (await (await import('@noren/tensor')).benchmarkWorker()).rows,
  rank: async () => (await (await import('@noren/tensor')).benchmarkRanking()).rows,
  'per-example': async () => (await (await import('@noren/tensor')).benchmarkPerExample()).rows,
};

export function benchCommand(): Command {
  const names = Object.keys(benchmarks);
  return new Command('bench')
    .description('Measure this machine.')
    .addArgument(new Argument('<name>', 'which benchmark').choices([...names, 'all']))
    .option('--scale', 'secagg: also 1,000 and 10,000 sites in groups, about half an hour', false)
    .addHelpText('after', '\nExample\n  noren bench secagg --json')
    .action(async (name: string, options: BenchOptions, command: Command) => {
      const { terminal } = openTerminal(command);
      for (const bench of name === 'all' ? names : [name]) {
        terminal.progress(`  measuring ${bench} ...`);
        const progress = (what: string): void => terminal.progress(`  measuring ${bench}: ${what} ...`);
        const report = benchReport(bench, (await benchmarks[bench]?.(progress, options)) ?? []);
        terminal.out(terminal.json ? JSON.stringify(report) : `${benchTable(report)}\n`);
      }
    });
}
