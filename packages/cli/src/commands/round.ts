import { Command } from 'commander';

import { consoleClient, defaultConsole, operatorToken } from '../console-client.ts';
import { shownRounds } from '../status/status-tables.ts';
import { openTerminal } from './open-terminal.ts';

interface Where {
  readonly console: string;
}

export function roundCommand(): Command {
  const round = new Command('round').description('Rounds of the federation.');
  round
    .command('list')
    .description('Past rounds, newest first.')
    .option('--console <address>', "the coordinator's console address", defaultConsole)
    .action(async (options: Where, command: Command) => {
      const { terminal } = openTerminal(command);
      const { rounds } = await consoleClient(options.console).federation();
      terminal.out(terminal.json ? JSON.stringify(rounds) : shownRounds(rounds));
    });
  round
    .command('start')
    .description('Start a round now instead of waiting for the schedule.')
    .requiredOption('--home <folder>', "the coordinator's home, where its operator token lies")
    .option('--console <address>', "the coordinator's console address", defaultConsole)
    .action(async (options: Where & { home: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      await consoleClient(options.console).startRound(await operatorToken(options.home));
      terminal.say('Started.');
    });
  return round;
}
