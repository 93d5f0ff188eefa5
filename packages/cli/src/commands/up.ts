import { Command, Option } from 'commander';

import { createLog, logLevels } from '../log.ts';
import { shutdownSignal } from '../shutdown.ts';
import { openTerminal } from './open-terminal.ts';

interface Options {
  readonly home: string;
  readonly log: string;
}

export function upCommand(): Command {
  return new Command('up')
    .description("Run headquarters' coordinator.")
    .requiredOption('--home <folder>', "the coordinator's home; its coordinator.json configures it")
    .addOption(new Option('--log <level>', 'how much to log').choices(logLevels).default('warn'))
    .addHelpText('after', '\nExample\n  noren up --home /var/lib/noren/coordinator')
    .action(async (options: Options, command: Command) => {
      const { terminal } = openTerminal(command);
      const { Coordinator, readCoordinatorConfig } = await import('@noren/coordinator');
      const { consoleDirectory } = await import('@noren/console');
      const signal = shutdownSignal();
      const log = createLog(options.log, terminal.interactive);
      const config = await readCoordinatorConfig(options.home);
      const coordinator = await Coordinator.open({ ...config, consoleDirectory }, { log });
      try {
        const { consoleAddress } = await coordinator.start();
        terminal.say(`Console: ${consoleAddress}`);
        const failure = await Promise.race([aborted(signal), coordinator.failed]);
        if (failure !== undefined) throw failure;
      } finally {
        await coordinator.close();
      }
    });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
