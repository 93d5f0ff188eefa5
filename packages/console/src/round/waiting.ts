import type { RoundView } from '@noren/protocol/console';
import type { Messages } from '../language/dictionary.ts';
import type { Formats } from '../language/format.ts';
import { outstanding } from './participants.ts';

/** More names than this are a list, not a sentence. */
const NAMED_SITES = 3;

/** What a running round waits for, told from its phase and its sites. `nameOf` turns a site's id into its name. */
export function waitingSentence(
  round: RoundView,
  nameOf: (site: string) => string,
  words: Messages,
  formats: Formats,
): string {
  const missing = outstanding(round).map(nameOf);
  const names = someNames(missing, words, formats);
  switch (round.phase) {
    case 'planned':
      return words.waiting.planned;
    case 'recruiting':
      return words.waiting.recruiting(formats.integer(round.cohort.length));
    case 'keys':
      return missing.length === 0 ? words.waiting.planned : words.waiting.keys(names);
    case 'relearning':
      return missing.length === 0 ? words.waiting.collectingAll : words.waiting.relearning(names);
    case 'collecting':
      return missing.length === 0 ? words.waiting.collectingAll : words.waiting.collecting(names);
    case 'unmasking':
      return words.waiting.unmasking(formats.integer(round.survivors.length));
    case 'aggregated':
      return words.waiting.aggregated;
    case 'evaluating':
      return missing.length === 0 ? words.waiting.deciding : words.waiting.evaluating(names);
    default:
      return words.waiting.deciding;
  }
}

/** Until when it waits; empty without a deadline. */
export function deadlineSentence(deadlineAt: string | null, now: number, words: Messages, formats: Formats): string {
  if (deadlineAt === null) return '';
  const deadline = Date.parse(deadlineAt);
  const time = formats.clock(deadline, now);
  return deadline > now ? words.until(time, formats.duration(deadline - now)) : words.overdue(time);
}

function someNames(names: readonly string[], words: Messages, formats: Formats): string {
  if (names.length <= NAMED_SITES + 1) return formats.list(names);
  const first = names.slice(0, NAMED_SITES);
  return words.andOthers(first.join(words.comma), names.length - NAMED_SITES);
}
