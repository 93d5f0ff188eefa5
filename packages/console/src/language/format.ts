import type { Language } from './dictionary.ts';

/** How one language writes numbers, sizes, times and lists. Times are milliseconds since 1970. */
export interface Formats {
  integer(value: number): string;
  /** A large count at a glance: "1.2M". */
  compact(value: number): string;
  decimal(value: number, digits: number): string;
  /** Always with a sign, and a true minus. */
  signed(value: number, digits: number): string;
  percent(fraction: number): string;
  /** SI units: 1 kB = 1000 B. */
  bytes(count: number): string;
  /** The two largest units; negative lengths count as zero. */
  duration(ms: number): string;
  /** `time` seen from `now`: "5m ago", "in 2h". */
  relative(time: number, now: number): string;
  /** Time of day with seconds; with the date where the day is another than that of `now`. */
  clock(time: number, now: number): string;
  /** Full date and time with its zone; `timeZone` defaults to the reader's. */
  dateTime(time: number, timeZone?: string): string;
  list(names: readonly string[]): string;
}

const LOCALE: Readonly<Record<Language, string>> = { en: 'en-GB', ja: 'ja-JP' };
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type UnitNames = Readonly<Record<'day' | 'hour' | 'minute' | 'second', string>>;
const UNIT_NAMES: Readonly<Record<Language, UnitNames>> = {
  en: { day: 'd', hour: 'h', minute: 'm', second: 's' },
  ja: { day: '日', hour: '時間', minute: '分', second: '秒' },
};

export function formatsFor(language: Language): Formats {
  const locale = LOCALE[language];
  const integers = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  // British English writes 1.28m, which reads as milli.
  const compacts = new Intl.NumberFormat(language, { notation: 'compact', maximumSignificantDigits: 3 });
  const percents = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const lists = new Intl.ListFormat(locale, { style: 'long', type: 'conjunction' });
  const relatives = new Intl.RelativeTimeFormat(locale, { style: 'narrow', numeric: 'auto' });
  const clocks = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
  const days = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });

  return {
    integer: (value) => integers.format(value),
    compact: (value) => compacts.format(value),
    decimal: (value, digits) => value.toFixed(digits),
    signed: (value, digits) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`,
    percent: (fraction) => percents.format(fraction),
    bytes: formatBytes,
    duration: (ms) => formatDuration(ms, UNIT_NAMES[language], language === 'ja' ? '' : ' '),
    relative(time, now) {
      const distance = time - now;
      const size = Math.abs(distance);
      if (size < MINUTE) return relatives.format(Math.round(distance / SECOND), 'second');
      if (size < HOUR) return relatives.format(Math.trunc(distance / MINUTE), 'minute');
      if (size < DAY) return relatives.format(Math.trunc(distance / HOUR), 'hour');
      return relatives.format(Math.trunc(distance / DAY), 'day');
    },
    clock(time, now) {
      const sameDay = new Date(time).toDateString() === new Date(now).toDateString();
      return sameDay ? clocks.format(time) : `${days.format(time)} ${clocks.format(time)}`;
    },
    dateTime: (time, timeZone) =>
      new Intl.DateTimeFormat(locale, {
        year: 'numeric',
        month: 'short',
        day: 'numeric',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
        timeZoneName: 'short',
        ...(timeZone === undefined ? {} : { timeZone }),
      }).format(time),
    list: (names) => lists.format(names),
  };
}

function formatBytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

function formatDuration(ms: number, names: UnitNames, separator: string): string {
  const length = Math.max(0, ms);
  const days = Math.floor(length / DAY);
  const hours = Math.floor((length % DAY) / HOUR);
  const minutes = Math.floor((length % HOUR) / MINUTE);
  const seconds = Math.floor((length % MINUTE) / SECOND);
  if (days > 0) return `${days}${names.day}${separator}${hours}${names.hour}`;
  if (hours > 0) return `${hours}${names.hour}${separator}${minutes}${names.minute}`;
  if (minutes > 0) return `${minutes}${names.minute}${separator}${seconds}${names.second}`;
  return `${seconds}${names.second}`;
}
