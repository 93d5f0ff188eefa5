import { Command } from 'commander';

import { consoleClient, defaultConsole } from '../console-client.ts';
import { shownRound, shownSites } from '../status/status-tables.ts';
import { openTerminal } from './open-terminal.ts';

export function statusCommand(): Command {
  return new Command('status')
    .description('Show the federation: sites, the running round, the schedule.')
    .option('--console <address>', "the coordinator's console address", defaultConsole)
    .addHelpText('after', '\nExample\n  noren status --json | jq .running')
    .action(async (options: { console: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const view = await consoleClient(options.console).federation();
      if (terminal.json) {
        terminal.out(JSON.stringify(view));
        return;
      }
      terminal.out(shownSites(view));
      terminal.out('');
      terminal.out(
        view.running === null ? (view.schedule.waiting ?? 'No round is running.') : shownRound(view.running),
      );
    });
}
