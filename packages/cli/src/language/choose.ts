import { english } from './en.ts';
import { japanese } from './ja.ts';
import type { Phrases } from './phrases.ts';

export type Language = 'en' | 'ja';

/** The language of `--language`, else of LC_ALL, LC_MESSAGES or LANG (in that order, as POSIX says), else English. */
export function chooseLanguage(flag: string | undefined, environment: NodeJS.ProcessEnv): Language {
  const wanted = flag ?? environment['LC_ALL'] ?? environment['LC_MESSAGES'] ?? environment['LANG'] ?? 'en';
  return wanted.toLowerCase().startsWith('ja') ? 'ja' : 'en';
}

export function phrasesIn(language: Language): Phrases {
  return language === 'ja' ? japanese : english;
}
