import { isIP } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { federationNameSchema } from '@noren/protocol';
import { z } from 'zod';

import { CoordinatorError } from './coordinator-error.ts';
import { nextTime } from './schedule/next-time.ts';

/** Where the PostgreSQL URL, which holds a password, is read from. */
export type PostgresSource = { readonly urlFile: string } | { readonly urlVariable: string };

/** A coordinator's configuration with every default filled in. */
export interface CoordinatorConfig {
  readonly home: string;
  readonly name: string;
  /** Address that sites connect to is bound on; 127.0.0.1 unless told otherwise. */
  readonly host: string;
  readonly grpcPort: number;
  readonly enrolmentPort: number;
  /** Where the operator's pages are bound; on anything but loopback even reading needs the operator token. */
  readonly consoleHost: string;
  readonly consolePort: number;
  /** Host names and addresses that sites reach this coordinator by; the first stands in invitations. */
  readonly names: readonly string[];
  /** Null: rounds start by hand. */
  readonly schedule: { readonly expression: string; readonly timeZone: string } | null;
  readonly nats: { readonly url: string; readonly credentialsFile: string | null } | null;
  /** Null: one SQLite file in the home. */
  readonly postgres: PostgresSource | null;
  /** Built pages of the console; null: only the JSON is served. */
  readonly consoleDirectory: string | null;
}

/** The same as an operator writes it: home and name, the rest as needed. */
export type CoordinatorConfigInput = Pick<CoordinatorConfig, 'home' | 'name'> &
  Partial<Omit<CoordinatorConfig, 'home' | 'name' | 'nats'>> & {
    readonly nats?: { readonly url: string; readonly credentialsFile?: string | null } | null;
  };

/** Hosts that stand for every address of the machine: nobody can connect to them. */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

const host = z
  .string()
  .max(253)
  .refine(
    (text) => isIP(text) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text),
    'must be a host name or an IP address',
  );
const port = z.int().min(0).max(65_535);
const path = z.string().min(1).max(4096);
const schedule = z
  .strictObject({ expression: z.string().min(1).max(200), timeZone: z.string().min(1).max(64) })
  .superRefine(({ expression, timeZone }, context) => {
    try {
      nextTime(expression, timeZone, 0);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  });

const configSchema: z.ZodType<CoordinatorConfig, unknown> = z
  .strictObject({
    home: path,
    name: federationNameSchema,
    host: host.default('127.0.0.1'),
    grpcPort: port.default(7443),
    enrolmentPort: port.default(7444),
    consoleHost: host.default('127.0.0.1'),
    consolePort: port.default(7480),
    names: z.array(host).max(32).default([]),
    schedule: schedule.nullable().default(null),
    nats: z
      .strictObject({ url: z.string().min(1).max(2000), credentialsFile: path.nullable().default(null) })
      .nullable()
      .default(null),
    postgres: z
      .union([z.strictObject({ urlFile: path }), z.strictObject({ urlVariable: z.string().min(1).max(200) })])
      .nullable()
      .default(null),
    consoleDirectory: path.nullable().default(null),
  })
  .refine((config) => !WILDCARDS.has(config.host) || config.names.length > 0, {
    path: ['names'],
    message: 'must say how sites reach this computer, because "host" is every address of it',
  });

/** Fills in the defaults and makes the home absolute. Throws CoordinatorError `config-invalid` naming the setting. */
export function parseCoordinatorConfig(input: unknown): CoordinatorConfig {
  const parsed = configSchema.safeParse(input);
  if (parsed.success) return { ...parsed.data, home: resolve(parsed.data.home) };
  const issue = parsed.error.issues[0];
  const place = (issue?.path ?? []).map(String).join('.');
  const what = place === '' ? 'The configuration' : `The setting "${place}"`;
  throw new CoordinatorError('config-invalid', `${what} is not valid: ${issue?.message}.`, { cause: parsed.error });
}

/** The file in a home that holds its configuration, all settings but the home itself. */
export function configFile(home: string): string {
  return join(home, 'coordinator.json');
}

/** Reads `<home>/coordinator.json`. Throws CoordinatorError `config-invalid`. */
export async function readCoordinatorConfig(home: string): Promise<CoordinatorConfig> {
  const file = configFile(home);
  let written: unknown;
  try {
    written = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const message = `The configuration ${file} cannot be read: ${(cause as Error).message}.`;
    throw new CoordinatorError('config-invalid', message, { cause });
  }
  if (typeof written !== 'object' || written === null) {
    throw new CoordinatorError('config-invalid', `The configuration ${file} is not a JSON object.`);
  }
  return parseCoordinatorConfig({ ...written, home });
}
