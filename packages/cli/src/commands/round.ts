import { Command } from 'commander';

import { consoleClient, defaultConsole, operatorToken } from '../console-client.ts';
import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';
import { roundReport } from '../status/round-report.ts';
import { shownRounds } from '../status/status-tables.ts';
import { roundOrLatest } from './choices.ts';
import { openTerminal } from './open-terminal.ts';

interface Where {
  readonly console: string;
}

const showExamples = `
Examples
  noren round show
  noren round show 42 --all-groups
  noren --json round show 42 | jq '.groups[] | select(.outlying)'`;

export function roundCommand(): Command {
  const round = new Command('round').description('Rounds of the federation.');
  round
    .command('list')
    .description('Past rounds, newest first.')
    .option('--console <address>', "the coordinator's console address", defaultConsole)
    .action(async (options: Where, command: Command) => {
      const { terminal, phrases } = openTerminal(command);
      const { rounds } = await consoleClient(options.console).federation();
      terminal.out(terminal.json ? JSON.stringify(rounds) : shownRounds(rounds, phrases));
    });
  round
    .command('show')
    .description('One round: how it ended, who is in its sum, and its groups where there are several.')
    .argument('[round]', 'the round, or latest', roundOrLatest, 'latest' as const)
    .option('--all-groups', 'list every group, not only those that are out of the result or stand out', false)
    .option('--console <address>', "the coordinator's console address", defaultConsole)
    .addHelpText('after', showExamples)
    .action(async (which: number | 'latest', options: Where & { allGroups: boolean }, command: Command) => {
      const { terminal, phrases } = openTerminal(command);
      const found = await consoleClient(options.console).round(which);
      if (found === null) throw new CliError(phrases.federation.noSuchRound(which), exitCode.notFound);
      terminal.out(terminal.json ? JSON.stringify(found) : roundReport(found, phrases, { all: options.allGroups }));
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
