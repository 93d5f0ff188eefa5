import { readFile } from 'node:fs/promises';

import { Command } from 'commander';
import { z } from 'zod';

import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';
import { renderTable } from '../terminal/table.ts';
import { openTerminal } from './open-terminal.ts';

export function registrarCommand(): Command {
  const registrar = new Command('registrar').description(
    'Who takes part, signed by somebody other than the coordinator. Works offline.',
  );
  registrar.addCommand(createCommand());
  registrar.addCommand(keyCommand());
  registrar.addCommand(signCommand());
  registrar.addCommand(showCommand());
  return registrar;
}

function createCommand(): Command {
  return new Command('create')
    .description("Make a registrar's signing key.")
    .requiredOption('--home <folder>', "the registrar's folder, not on the coordinator's computer")
    .action(async (options: { home: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const { RegistrarHome } = await import('../registrar/registrar-home.ts');
      const { publicKey } = await RegistrarHome.create(options.home);
      terminal.out(terminal.json ? JSON.stringify({ registrarKey: publicKey }) : publicKey);
      terminal.say('Each site puts this into its agent.json, as "registrarKey" under "policy".');
    });
}

function keyCommand(): Command {
  return new Command('key')
    .description('Print the key that sites put into their policy.')
    .requiredOption('--home <folder>', "the registrar's folder")
    .action(async (options: { home: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const { RegistrarHome } = await import('../registrar/registrar-home.ts');
      const { publicKey } = await RegistrarHome.open(options.home);
      terminal.out(terminal.json ? JSON.stringify({ registrarKey: publicKey }) : publicKey);
    });
}

function signCommand(): Command {
  return new Command('sign')
    .description('Sign the next roster and print it. Nothing but the named sites changes.')
    .requiredOption('--home <folder>', "the registrar's folder")
    .option('--federation <name>', 'needed for the first roster')
    .option('--add <files...>', 'what `noren site identity` printed at each site', [])
    .option('--suspend <ids...>', 'sites that no longer take part', [])
    .addHelpText(
      'after',
      '\nExample\n  noren registrar sign --home registrar --federation "Group North" --add aoyama.identity.json > roster.json',
    )
    .action(async (options: SignOptions, command: Command) => {
      const { terminal } = openTerminal(command);
      if (options.add.length + options.suspend.length === 0) {
        throw new CliError('Name at least one site with --add or --suspend.', exitCode.usage);
      }
      const { parseSiteId } = await import('@noren/protocol');
      const { RegistrarHome } = await import('../registrar/registrar-home.ts');
      const home = await RegistrarHome.open(options.home);
      const identities = await Promise.all(options.add.map(readIdentity));
      const add = identities.map(({ site, identityKey }) => ({ site: parseSiteId(site), identityKey }));
      const bytes = await home.sign(options.federation ?? null, { add, suspend: options.suspend.map(parseSiteId) });
      terminal.out(new TextDecoder().decode(bytes));
      terminal.say('Hand it to headquarters: `noren site roster <file>` puts it in force from the next round on.');
    });
}

interface SignOptions {
  readonly home: string;
  readonly federation?: string;
  readonly add: readonly string[];
  readonly suspend: readonly string[];
}

function showCommand(): Command {
  return new Command('show')
    .description('Print the newest roster.')
    .requiredOption('--home <folder>', "the registrar's folder")
    .action(async (options: { home: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const { RegistrarHome } = await import('../registrar/registrar-home.ts');
      const signed = await (await RegistrarHome.open(options.home)).roster();
      if (signed === null) throw new CliError('No roster has been signed yet.', exitCode.notFound);
      const { roster } = signed;
      if (terminal.json) return terminal.out(JSON.stringify(roster));
      const rows = roster.sites.map(({ site, status, identityKey }) => [site, status, identityKey]);
      terminal.out(`${roster.federation}, roster ${roster.epoch}`);
      terminal.out(renderTable([{ title: 'site' }, { title: 'status' }, { title: 'identity key' }], rows));
    });
}

const identitySchema = z.strictObject({ site: z.string().max(63), identityKey: z.string().regex(/^[0-9a-f]{64}$/) });

async function readIdentity(file: string): Promise<z.infer<typeof identitySchema>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(`The identity ${file} cannot be read: ${(error as Error).message}.`, exitCode.notFound);
  }
  try {
    return identitySchema.parse(JSON.parse(text));
  } catch {
    throw new CliError(`${file} is not what \`noren site identity\` prints at a site.`);
  }
}
