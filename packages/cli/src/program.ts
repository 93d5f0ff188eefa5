import { Command } from 'commander';

import { backboneCommand } from './commands/backbone.ts';
import { benchCommand } from './commands/bench.ts';
import { demoCommand } from './commands/demo.ts';
import { planCommand } from './commands/plan.ts';
import { registrarCommand } from './commands/registrar.ts';
import { roundCommand } from './commands/round.ts';
import { siteCommand } from './commands/site.ts';
import { statusCommand } from './commands/status.ts';
import { surveyCommand } from './commands/survey.ts';
import { upCommand } from './commands/up.ts';

const exitCodes = `
Exit codes
  0  done, or stopped cleanly by Ctrl-C
  1  failed; the message says what, where and what to do
  2  wrong usage
  3  something named does not exist
  4  refused
  5  the coordinator does not answer
`;

/** The whole command line; modules that load a model are imported by the command that needs them. */
export function createProgram(): Command {
  const program = new Command('noren')
    .description('Federated re-learning for retail.')
    .option('--json', 'print results as JSON on standard output')
    .option('--language <language>', 'en or ja; default from LANG')
    .option('--debug', 'show where a failure happened')
    .showHelpAfterError('Try --help.')
    .addHelpText('after', exitCodes)
    .exitOverride();
  for (const command of [
    demoCommand(),
    upCommand(),
    backboneCommand(),
    planCommand(),
    surveyCommand(),
    siteCommand(),
    registrarCommand(),
    roundCommand(),
    statusCommand(),
    benchCommand(),
  ]) {
    program.addCommand(command);
  }
  inherit(program);
  return program;
}

/** Subcommands made apart do not inherit the parent's settings: how errors end, and where help is offered. */
function inherit(parent: Command): void {
  for (const command of parent.commands) inherit(command.copyInheritedSettings(parent));
}
