import { english } from './english.ts';
import { japanese } from './japanese.ts';

export type Language = 'en' | 'ja';
/** English names the keys; another language that misses one does not compile. */
export type Messages = typeof english;

export const messages: Readonly<Record<Language, Messages>> = { en: english, ja: japanese };
