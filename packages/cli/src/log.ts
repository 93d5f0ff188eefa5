import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

/** Warnings and worse unless asked for more; one readable line each on a terminal, JSON otherwise. Logs go to stderr. */
export function createLog(level: string, interactive: boolean): Logger {
  const destination = interactive
    ? pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' })
    : pino.destination({ dest: 2, sync: true });
  return pino({ level, base: null, redact: ['token', '*.token', 'authorization', '*.authorization'] }, destination);
}

export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const;
