import type { RoundView } from '@noren/protocol/console';
import { describe, expect, test } from 'vitest';

import { messages } from '../language/dictionary.ts';
import { formatsFor } from '../language/format.ts';
import { federationView, NOW } from '../testing/federation.ts';
import { outstanding, participants } from './participants.ts';
import { deadlineSentence, waitingSentence } from './waiting.ts';

const view = federationView({ sites: 12, rounds: 3, running: true });
const round = view.running as RoundView;
const names = new Map(view.sites.map((site) => [site.id, site.name]));

function inEnglish(changes: Partial<RoundView>): string {
  return waitingSentence({ ...round, ...changes }, (site) => names.get(site) ?? site, messages.en, formatsFor('en'));
}

function inJapanese(changes: Partial<RoundView>): string {
  return waitingSentence({ ...round, ...changes }, (site) => names.get(site) ?? site, messages.ja, formatsFor('ja'));
}

describe('who takes part', () => {
  test('every site has one standing, the worst news winning', () => {
    const standings = Object.fromEntries(participants(round).map((each) => [each.site, each.standing]));
    expect(standings).toMatchObject({
      'fukuoka-tenjin': 'delivered',
      hiroshima: 'working',
      naha: 'dropped',
      sendai: 'refused',
    });
    expect(standings).not.toHaveProperty('sapporo');
  });

  test('once the round has ended nobody is working any more', () => {
    const standings = participants({ ...round, outcome: 'failed' }).map((each) => each.standing);
    expect(standings).not.toContain('working');
    expect(standings).toContain('unfinished');
  });

  test('a survivor that has not scored is outstanding only while the candidate is evaluated', () => {
    expect(outstanding(round)).not.toContain('ginza');
    expect(outstanding({ ...round, phase: 'evaluating' })).toEqual(['fukuoka-tenjin', 'ginza']);
  });
});

describe('what a round waits for', () => {
  test('few sites are named, many are counted', () => {
    expect(inEnglish({})).toBe(
      'Waiting for Hiroshima, Kobe Sannomiya, Kyoto Shijo and 4 others to finish re-learning.',
    );
    expect(inJapanese({})).toBe('Hiroshima、Kobe Sannomiya、Kyoto Shijoほか4拠点の再学習が終わるのを待っています。');
    expect(inEnglish({ cohort: ['ginza', 'hiroshima', 'shibuya'], phase: 'collecting' })).toBe(
      'Waiting for the masked update of Hiroshima and Shibuya.',
    );
  });

  test('a dropped site is waited for no longer', () => {
    const dropped: RoundView['dropped'] = [{ site: 'hiroshima', at: 'relearning', reason: 'gone' }];
    expect(inEnglish({ cohort: ['ginza', 'hiroshima'], dropped })).toBe(messages.en.waiting.collectingAll);
  });

  test('evaluation waits for survivors without a verdict', () => {
    const phase = 'evaluating';
    expect(inEnglish({ phase })).toBe('Waiting for Fukuoka Tenjin and Ginza to score the candidate.');
    expect(inEnglish({ phase, survivors: [] })).toBe(messages.en.waiting.deciding);
  });

  test.each(['planned', 'recruiting', 'keys', 'unmasking', 'aggregated'] as const)('%s has its own words', (phase) => {
    expect(inEnglish({ phase })).toMatch(/\.$/);
    expect(inJapanese({ phase })).toMatch(/。$/);
  });
});

describe('until when it waits', () => {
  const until = (deadlineAt: string | null): string => deadlineSentence(deadlineAt, NOW, messages.en, formatsFor('en'));

  test('the time and what is left of it', () => {
    expect(until(round.deadlineAt)).toMatch(/^Until \d\d:43:45 at the latest, 2m 25s left\.$/);
  });

  test('a deadline that passed says what follows', () => {
    expect(until(new Date(NOW - 1000).toISOString())).toMatch(/^The deadline was .* left out\.$/);
  });

  test('without a deadline there is nothing to say', () => {
    expect(until(null)).toBe('');
  });
});
