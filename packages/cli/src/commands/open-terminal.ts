import type { Command } from 'commander';

import { chooseLanguage, phrasesIn, type Language } from '../language/choose.ts';
import type { Phrases } from '../language/phrases.ts';
import { createTerminal, type Terminal } from '../terminal/terminal.ts';

interface GlobalFlags {
  readonly json?: boolean;
  readonly language?: string;
}

/** The terminal and the language a command speaks, from the flags every command shares. */
export function openTerminal(command: Command): {
  readonly terminal: Terminal;
  readonly phrases: Phrases;
  readonly language: Language;
} {
  const flags = command.optsWithGlobals<GlobalFlags>();
  const language = chooseLanguage(flags.language, process.env);
  return {
    terminal: createTerminal({ json: flags.json === true, stdout: process.stdout, stderr: process.stderr }),
    phrases: phrasesIn(language),
    language,
  };
}
