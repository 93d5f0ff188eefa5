import { Command, InvalidArgumentError } from 'commander';

import { renderTable } from '../terminal/table.ts';
import { openTerminal } from './open-terminal.ts';

/** Of sites without a budget, which would say. */
const USUAL_DELTA = 1e-6;

export function sitePrivacyCommand(): Command {
  return new Command('privacy')
    .description("Show what the privacy of the site's customers was spent on, and what is left of the budget.")
    .requiredOption('--home <folder>', "the agent's home")
    .option('--delta <delta>', "probability with which epsilon may be exceeded; default the budget's, or 1e-6", share)
    .addHelpText('after', '\nExample\n  noren site privacy --home /var/lib/noren/agent')
    .action(async (options: { home: string; delta?: number }, command: Command) => {
      const { terminal } = openTerminal(command);
      const { epsilonSpent, readConfig, readPrivacyLedger } = await import('@noren/agent');
      const { policy } = await readConfig(options.home);
      const { check, histories, rounds } = await readPrivacyLedger(options.home);
      const budget = policy.privacyBudget;
      const delta = options.delta ?? budget?.delta ?? USUAL_DELTA;
      const assets = new Set([...(budget === null ? [] : [budget.asset]), ...histories.keys()]);
      const spent = [...assets].map((asset) => {
        const history = histories.get(asset) ?? [];
        return {
          asset,
          rounds: rounds.get(asset) ?? 0,
          epsilon: epsilonSpent(history, delta),
          budget: asset === budget?.asset ? budget : null,
        };
      });
      if (terminal.json) {
        terminal.out(JSON.stringify({ delta, spent, problem: check.problem }));
        return;
      }
      if (spent.length === 0) terminal.out('No private round was taken part in, and no budget is set.');
      else {
        terminal.out(
          renderTable(
            [
              { title: 'data' },
              { title: 'private rounds', align: 'right' },
              { title: `epsilon at delta ${delta}`, align: 'right' },
              { title: 'budget', align: 'right' },
            ],
            spent.map((row) => [
              row.asset,
              String(row.rounds),
              row.epsilon.toFixed(3),
              row.budget === null ? 'none' : `${row.budget.epsilon} at ${row.budget.delta}`,
            ]),
          ),
        );
      }
      if (check.problem !== null) {
        terminal.say(`The privacy ledger is damaged in line ${check.problem.line}: ${check.problem.what}.`);
      }
    });
}

function share(text: string): number {
  const value = Number(text);
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError('a number between 0 and 1 is needed.');
}
