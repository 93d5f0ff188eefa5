import type { Language, Messages } from '../language/dictionary.ts';

/**
 * Plain words for the cron expressions people mostly write; null for the others, which are shown as they are.
 * Only expressions whose every field is understood get words: a wrong reading is worse than none.
 */
export function scheduleWords(expression: string, words: Messages, language: Language): string | null {
  const fields = expression.trim().split(/\s+/);
  // Six fields start with seconds; only a plain 0 there changes nothing.
  if (fields.length === 6 && fields.shift() !== '0') return null;
  const [minute, hour, dayOfMonth, month, dayOfWeek] = fields;
  if (fields.length !== 5 || minute === undefined || hour === undefined || dayOfWeek === undefined) return null;
  if (dayOfMonth !== '*' || month !== '*') return null;

  if (hour === '*' && dayOfWeek === '*') {
    if (minute === '*') return words.everyMinutes(1);
    const step = stepIn(minute, 60);
    if (step !== null) return words.everyMinutes(step);
    return isNumber(minute, 59) ? words.hourly(minute.padStart(2, '0')) : null;
  }
  const hours = stepIn(hour, 24);
  if (hours !== null && minute === '0' && dayOfWeek === '*') return words.everyHours(hours);
  if (!isNumber(minute, 59) || !isNumber(hour, 23)) return null;
  const time = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
  if (dayOfWeek === '*') return words.daily(time);
  if (dayOfWeek === '1-5') return words.weekdays(time);
  return isNumber(dayOfWeek, 7) ? words.weekly(dayName(Number(dayOfWeek), language), time) : null;
}

/** The n of a step such as "every n-th"; only where n divides the whole, else the steps are not even. */
function stepIn(field: string, whole: number): number | null {
  const step = /^\*\/(\d+)$/.exec(field)?.[1];
  if (step === undefined) return null;
  return whole % Number(step) === 0 ? Number(step) : null;
}

function isNumber(field: string, highest: number): boolean {
  return /^\d{1,2}$/.test(field) && Number(field) <= highest;
}

function dayName(day: number, language: Language): string {
  // 1 January 2023 was a Sunday, day 0 (and 7) of a cron week.
  return new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(Date.UTC(2023, 0, 1 + day));
}
