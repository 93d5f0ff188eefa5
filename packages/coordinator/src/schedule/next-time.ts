import { Cron } from 'croner';

/**
 * The first time after `from` (milliseconds since the epoch) that the expression names in the time zone, or null if it
 * names none. Five fields, or six with seconds first. Times that a clock change skips or repeats happen once.
 * Throws if the expression or the zone is not valid.
 */
export function nextTime(expression: string, timeZone: string, from: number): number | null {
  const cron = new Cron(expression, { timezone: timeZone, paused: true });
  return cron.nextRun(new Date(from))?.getTime() ?? null;
}
