import type { Command } from 'commander';

import { chooseLanguage, phrasesIn } from '../language/choose.ts';
import type { Phrases } from '../language/phrases.ts';
import { createTerminal, type Terminal } from '../terminal/terminal.ts';

interface GlobalFlags {
  readonly json?: boolean;
  readonly language?: string;
}

/** The terminal and the language a command speaks, from the flags every command shares. */
export function openTerminal(command: Command): { readonly terminal: Terminal; readonly phrases: Phrases } {
  const flags = command.optsWithGlobals<GlobalFlags>();
  return {
    terminal: createTerminal({ json: flags.json === true, stdout: process.stdout, stderr: process.stderr }),
    phrases: phrasesIn(chooseLanguage(flags.language, process.env)),
  };
}
