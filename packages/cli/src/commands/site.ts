import { Command, Option } from 'commander';

import { consoleClient, defaultConsole, operatorToken } from '../console-client.ts';
import { createLog, logLevels } from '../log.ts';
import { shutdownSignal } from '../shutdown.ts';
import { openTerminal } from './open-terminal.ts';
import { readNamed } from './read-named.ts';
import { siteAuditCommand } from './site-audit.ts';
import { checkCommand } from './site-check.ts';
import { releaseCommand, revokeCommand } from './site-decision.ts';
import { sitePrivacyCommand } from './site-privacy.ts';

export function siteCommand(): Command {
  const site = new Command('site').description("A site's agent, and what headquarters decides about sites.");
  site.addCommand(inviteCommand());
  site.addCommand(rosterCommand());
  site.addCommand(releaseCommand());
  site.addCommand(revokeCommand());
  site.addCommand(joinCommand());
  site.addCommand(identityCommand());
  site.addCommand(checkCommand());
  site.addCommand(runCommand());
  site.addCommand(ledgerCommand());
  site.addCommand(siteAuditCommand());
  site.addCommand(sitePrivacyCommand());
  return site;
}

function inviteCommand(): Command {
  return new Command('invite')
    .description('At headquarters: print a one-time invitation for a site.')
    .argument('<id>', 'lower-case letters, digits and hyphens')
    .requiredOption('--home <folder>', "the coordinator's home")
    .option('--name <name>', 'what people call the site')
    .option('--console <address>', "the coordinator's console address", defaultConsole)
    .addHelpText(
      'after',
      '\nExample\n  noren site invite aoyama --home /var/lib/noren/coordinator > aoyama.invitation.json',
    )
    .action(async (id: string, options: { home: string; name?: string; console: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const client = consoleClient(options.console);
      const invitation = await client.invite(await operatorToken(options.home), id, options.name ?? id);
      terminal.out(JSON.stringify(invitation, null, 2));
      terminal.say('Hand this to the site once, over a channel you trust. It is valid for one use.');
    });
}

function rosterCommand(): Command {
  return new Command('roster')
    .description("At headquarters: put the registrar's roster in force, from the next round on.")
    .argument('<file>', 'what `noren registrar sign` printed')
    .requiredOption('--home <folder>', "the coordinator's home")
    .option('--console <address>', "the coordinator's console address", defaultConsole)
    .action(async (file: string, options: { home: string; console: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const roster = (await readNamed(file, 'roster')).toString('utf8').trim();
      const client = consoleClient(options.console);
      const installed = await client.installRoster(await operatorToken(options.home), roster);
      if (terminal.json) terminal.out(JSON.stringify(installed));
      else terminal.say(`Roster ${installed.epoch} with ${installed.sites} active sites is in force.`);
    });
}

function identityCommand(): Command {
  return new Command('identity')
    .description("Print the site's public identity, for the registrar. Nothing in it is secret.")
    .requiredOption('--home <folder>', "the agent's home")
    .addHelpText('after', '\nExample\n  noren site identity --home /var/lib/noren/agent > aoyama.identity.json')
    .action(async (options: { home: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const { readPublicIdentity } = await import('@noren/agent');
      terminal.out(JSON.stringify(await readPublicIdentity(options.home)));
      terminal.say('Bring this to the registrar over a channel that the coordinator does not run.');
    });
}

function joinCommand(): Command {
  return new Command('join')
    .description(
      'At a site: turn an invitation into an identity and a certificate. The keys are made here and stay here.',
    )
    .requiredOption('--invitation <file>', 'the file headquarters sent')
    .requiredOption('--home <folder>', "the agent's home")
    .addHelpText(
      'after',
      '\nExample\n  noren site join --invitation aoyama.invitation.json --home /var/lib/noren/agent',
    )
    .action(async (options: { invitation: string; home: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const { joinFederation } = await import('@noren/agent');
      const { parseInvitation } = await import('@noren/protocol');
      await joinFederation(
        options.home,
        parseInvitation((await readNamed(options.invitation, 'invitation')).toString('utf8')),
      );
      terminal.say(
        'Joined. Describe your data in agent.json, look at it with `noren site check`, then start with `noren site run`.',
      );
    });
}

function runCommand(): Command {
  return new Command('run')
    .description("Run the site's agent.")
    .requiredOption('--home <folder>', "the agent's home")
    .addOption(new Option('--log <level>', 'how much to log').choices(logLevels).default('warn'))
    .action(async (options: { home: string; log: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const { Agent } = await import('@noren/agent');
      const agent = await Agent.open(options.home, { log: createLog(options.log, terminal.interactive) });
      await agent.run(shutdownSignal());
    });
}

function ledgerCommand(): Command {
  return new Command('ledger')
    .description('Check that the record of everything that left the site is complete and unchanged.')
    .requiredOption('--home <folder>', "the agent's home")
    .action(async (options: { home: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const { verifyLedger } = await import('@noren/agent');
      const report = await verifyLedger(options.home);
      terminal.out(JSON.stringify(report, null, terminal.json ? 0 : 2));
    });
}
