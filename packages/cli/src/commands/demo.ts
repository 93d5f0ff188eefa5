import { resolve } from 'node:path';

import type { DatasetName } from '@noren/dataset';
import { Command, Option } from 'commander';

import { defaultPorts } from '../console-client.ts';
import { demoHome } from '../demo/home.ts';
import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';
import { createLog, logLevels } from '../log.ts';
import { shutdownSignal } from '../shutdown.ts';
import { port, wholeNumber } from './choices.ts';
import { openTerminal } from './open-terminal.ts';

interface Options {
  readonly data: DatasetName;
  readonly path?: string;
  readonly headquarters?: string;
  readonly world: 'shifted' | 'shared' | 'hurting';
  readonly sites: number;
  readonly plan?: string;
  readonly seed: number;
  readonly home?: string;
  readonly rounds?: number;
  readonly schedule: string;
  readonly grpcPort: number;
  readonly enrolmentPort: number;
  readonly consolePort: number;
  readonly log: string;
}

const datasets = [
  'generated',
  'hm',
  'uci-online-retail',
  'complete-journey',
  'unisrec',
  'amazon-2018',
  'amazon-2023',
] as const satisfies readonly DatasetName[];

const examples = `
Examples
  noren demo                                     generated retail chains, until Ctrl-C
  noren demo --data hm --path ./hm --rounds 3    H&M brand lines as sites, three accepted rounds
  noren demo --data amazon-2023 --path ./amazon --headquarters Office_Products
                                                 each category a shop
  noren demo --world hurting --sites 10          three of ten sites hold data that transfer hurts
`;

export function demoCommand(): Command {
  return new Command('demo')
    .description('A whole federation on this machine: one coordinator, several sites, each its own process.')
    .addOption(new Option('--data <name>', 'which data').choices(datasets).default('generated'))
    .option('--path <folder>', 'folder with the upstream files of --data')
    .option('--headquarters <name>', 'unisrec, amazon: the domain or category to be headquarters; default the largest')
    .addOption(
      new Option('--world <name>', 'generated data: what the sites share with headquarters')
        .choices(['shifted', 'shared', 'hurting'])
        .default('shifted'),
    )
    .option('--sites <count>', 'generated data: how many sites', wholeNumber(3, 40), 5)
    .option(
      '--plan <preset>',
      'adaptive or auto, chosen from a survey (adaptive is the default for generated data), or one of `noren plan presets`',
    )
    .option('--seed <number>', 'equal seeds give equal data and models', wholeNumber(0, 4_294_967_295), 1)
    .option('--home <folder>', 'where everything is kept; default NOREN_HOME, else ~/.local/share/noren')
    .option('--rounds <count>', 'stop after this many accepted rounds', wholeNumber(1, 1000))
    .option('--schedule <cron>', 'when rounds are due (seconds first)', '*/5 * * * * *')
    .option('--grpc-port <port>', "the coordinator's port for sites", port, defaultPorts.grpc)
    .option('--enrolment-port <port>', "the coordinator's port for enrolment", port, defaultPorts.enrolment)
    .option('--console-port <port>', 'the port of the console', port, defaultPorts.console)
    .addOption(new Option('--log <level>', 'how much the processes log').choices(logLevels).default('info'))
    .addHelpText('after', examples)
    .action(async (options: Options, command: Command) => {
      const { terminal, phrases } = openTerminal(command);
      if (options.data !== 'generated' && options.path === undefined) {
        throw new CliError(`--data ${options.data} needs --path, the folder with its upstream files.`, exitCode.usage);
      }
      const { demoSettings } = await import('../demo/settings.ts');
      const { runDemo } = await import('../demo/demo.ts');
      const signal = shutdownSignal();
      const { data: dataset, path, headquarters, world, sites, seed, plan } = options;
      try {
        await runDemo(
          {
            home: demoHome(options.home, process.env),
            settings: demoSettings({
              dataset,
              path: path === undefined ? undefined : resolve(path),
              headquarters,
              world,
              sites,
              seed,
              preset: plan,
            }),
            ports: { grpc: options.grpcPort, enrolment: options.enrolmentPort, console: options.consolePort },
            schedule: options.schedule,
            acceptedRounds: options.rounds,
            logLevel: options.log,
          },
          { terminal, phrases, log: createLog('warn', terminal.interactive), signal },
        );
      } catch (error) {
        // Ctrl-C while something was being prepared: nothing half-written is left behind, and that is a clean stop.
        if (!signal.aborted) throw error;
      }
    });
}
