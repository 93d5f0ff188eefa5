import { Command, InvalidArgumentError } from 'commander';

import { consoleClient, defaultConsole, operatorToken, RefusedRequest } from '../console-client.ts';
import type { ConsoleClient } from '../console-client.ts';
import { CliError } from '../failure.ts';
import type { FederationPhrases } from '../language/federation-phrases.ts';
import { openTerminal } from './open-terminal.ts';

/** As the coordinator takes it. */
const LONGEST_REASON = 500;

const releaseHelp = `
A site is in quarantine when its groups stood out among the others too often for chance. Look into it at the site first:
\`noren site check\` there says whether its data is sound. Released, it begins without suspicion.

Examples
  noren site release aoyama --home /var/lib/noren/coordinator --reason "prices came in cents; the export is mended"
  noren --json site release aoyama --home /var/lib/noren/coordinator --reason "new shop, other customers"`;

const revokeHelp = `
The site's certificate is refused at once, and it leaves a round that runs. Its model and its data stay where they are.
Where a registrar keeps the roster, have the site suspended there as well: \`noren registrar sign --suspend <id>\`.

Examples
  noren site revoke aoyama --home /var/lib/noren/coordinator --reason "the shop is closed"
  noren --json site revoke aoyama --home /var/lib/noren/coordinator --reason "its computer was stolen"`;

/** At headquarters: the end of a quarantine, if the site is to take part again. */
export function releaseCommand(): Command {
  return decisionCommand('release', 'released', {
    description: 'At headquarters: let a site out of quarantine; it takes part again from the next round on.',
    help: releaseHelp,
    decide: (client, token, site, reason) => client.releaseSite(token, site, reason),
    said: (phrases, site) => phrases.released(site),
  });
}

/** At headquarters: the end of a site's membership. */
export function revokeCommand(): Command {
  return decisionCommand('revoke', 'revoked', {
    description: 'At headquarters: take a site out of the federation. Only a new invitation lets it in again.',
    help: revokeHelp,
    decide: (client, token, site, reason) => client.revokeSite(token, site, reason),
    said: (phrases, site) => phrases.revokedNow(site),
  });
}

interface Decision {
  readonly description: string;
  readonly help: string;
  decide(client: ConsoleClient, token: string, site: string, reason: string): Promise<void>;
  said(phrases: FederationPhrases, site: string): string;
}

interface Options {
  readonly home: string;
  readonly reason: string;
  readonly console: string;
}

/** `done` is the key of what `--json` prints. */
function decisionCommand(name: string, done: string, decision: Decision): Command {
  return new Command(name)
    .description(decision.description)
    .argument('<id>', "the site's id, as `noren status` lists it")
    .requiredOption('--home <folder>', "the coordinator's home, where its operator token lies")
    .requiredOption('--reason <text>', 'why, for whoever looks later; it is kept in the event log', reasonText)
    .option('--console <address>', "the coordinator's console address", defaultConsole)
    .addHelpText('after', decision.help)
    .action(async (id: string, options: Options, command: Command) => {
      const { terminal, phrases } = openTerminal(command);
      // Loads the whole protocol, which few commands need.
      const { parseSiteId } = await import('@noren/protocol');
      const site = parseSiteId(id);
      const token = await operatorToken(options.home);
      try {
        await decision.decide(consoleClient(options.console), token, site, options.reason);
      } catch (error) {
        throw explained(error, site, phrases.federation);
      }
      if (terminal.json) terminal.out(JSON.stringify({ site, [done]: true }));
      else terminal.say(decision.said(phrases.federation, site));
    });
}

/** The coordinator's refusal in the reader's language, with what to do. */
function explained(error: unknown, site: string, phrases: FederationPhrases): unknown {
  if (!(error instanceof RefusedRequest)) return error;
  if (error.code === 'not-quarantined') return new CliError(phrases.notQuarantined(site), error.exit);
  if (error.code === 'unknown-site') return new CliError(phrases.unknownSite(site), error.exit);
  return error;
}

function reasonText(text: string): string {
  const reason = text.trim();
  if (reason.length > 0 && reason.length <= LONGEST_REASON) return reason;
  throw new InvalidArgumentError(`say why in 1 to ${LONGEST_REASON} characters.`);
}
