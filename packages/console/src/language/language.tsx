import { createContext, use, useEffect, useMemo, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';

import { addressValue, rememberInAddress } from '../page/address.ts';
import { messages } from './dictionary.ts';
import type { Language, Messages } from './dictionary.ts';
import { formatsFor } from './format.ts';
import type { Formats } from './format.ts';

export interface Speech {
  readonly language: Language;
  readonly words: Messages;
  readonly formats: Formats;
  readonly choose: (language: Language) => void;
}

const STORAGE_KEY = 'noren.language';
const SpeechContext = createContext<Speech | null>(null);

export function useSpeech(): Speech {
  const speech = use(SpeechContext);
  if (speech === null) throw new Error('useSpeech is used outside SpeechProvider');
  return speech;
}

export function SpeechProvider({ children }: { children: ReactNode }): ReactElement {
  const [language, setLanguage] = useState(() =>
    firstLanguage([addressValue('lang'), storedLanguage(), ...navigator.languages]),
  );

  useEffect(() => {
    // Han characters are drawn differently for Japanese and Chinese readers: the browser picks by this attribute.
    document.documentElement.lang = language;
  }, [language]);

  const speech = useMemo<Speech>(
    () => ({
      language,
      words: messages[language],
      formats: formatsFor(language),
      choose(chosen) {
        setLanguage(chosen);
        rememberInAddress('lang', chosen);
        try {
          localStorage.setItem(STORAGE_KEY, chosen);
        } catch {
          // A browser that stores nothing still keeps the language in the address.
        }
      },
    }),
    [language],
  );
  return <SpeechContext value={speech}>{children}</SpeechContext>;
}

/** The first wish that is a language of the console ("ja-JP" counts as "ja"); English when none is. */
export function firstLanguage(wishes: readonly (string | null)[]): Language {
  for (const wish of wishes) {
    const language = wish?.slice(0, 2).toLowerCase();
    if (language === 'en' || language === 'ja') return language;
  }
  return 'en';
}

function storedLanguage(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
