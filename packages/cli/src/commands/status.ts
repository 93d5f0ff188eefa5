import { Command } from 'commander';

import { consoleClient, defaultConsole } from '../console-client.ts';
import { quarantineNotice } from '../status/quarantine-notice.ts';
import { shownRound, shownSites } from '../status/status-tables.ts';
import { openTerminal } from './open-terminal.ts';

export function statusCommand(): Command {
  return new Command('status')
    .description('Show the federation: sites, those in quarantine, the running round, the schedule.')
    .option('--console <address>', "the coordinator's console address", defaultConsole)
    .addHelpText('after', '\nExample\n  noren status --json | jq .running')
    .action(async (options: { console: string }, command: Command) => {
      const { terminal, phrases } = openTerminal(command);
      const view = await consoleClient(options.console).federation();
      if (terminal.json) {
        terminal.out(JSON.stringify(view));
        return;
      }
      const { running, schedule } = view;
      const notice = quarantineNotice(view, phrases);
      terminal.out(shownSites(view, phrases));
      if (notice !== null) terminal.out(`\n${notice}`);
      terminal.out('');
      terminal.out(running === null ? (schedule.waiting ?? phrases.federation.noRound) : shownRound(running, phrases));
    });
}
