import { readFile } from 'node:fs/promises';
import { siteSourceSchema, type SiteSource, type SiteSourceInput } from '@noren/dataset';
import { z } from 'zod';
import { AgentError } from '../agent-error.ts';
import { sitePolicySchema, type SitePolicy, type SitePolicyInput } from '../policy/policy.ts';
import { writeAtomically } from './atomic-file.ts';
import { homeLayout } from './layout.ts';

export interface AgentConfig {
  readonly version: 1;
  /** The site's own files; relative paths start at the home. */
  readonly data: SiteSource;
  readonly policy: SitePolicy;
  /** The recommendation endpoint. Port 0 takes any free port. Loopback only: it has no access control of its own. */
  readonly serving: { readonly host: string; readonly port: number | 'off' };
  /** Keeps every round's quantised update in `rounds/<roundId>/update.i32` for audit. */
  readonly keepUpdates: boolean;
  /** Seconds. The wait doubles from the first to the longest, and half of it is random. */
  readonly reconnect: { readonly firstDelay: number; readonly longestDelay: number };
}

/** What an administrator writes in agent.json: everything but the data source has a default. */
export interface AgentConfigInput {
  version: 1;
  data: SiteSourceInput;
  policy?: SitePolicyInput | undefined;
  serving?: { host?: string | undefined; port?: number | 'off' | undefined } | undefined;
  keepUpdates?: boolean | undefined;
  reconnect?: { firstDelay?: number | undefined; longestDelay?: number | undefined } | undefined;
}

const seconds = z.number().min(0.05).max(86_400);

export const agentConfigSchema: z.ZodType<AgentConfig, AgentConfigInput> = z.strictObject({
  version: z.literal(1),
  data: siteSourceSchema,
  policy: sitePolicySchema.prefault({}),
  serving: z
    .strictObject({
      host: z.enum(['127.0.0.1', '::1', 'localhost']).default('127.0.0.1'),
      port: z.union([z.int().min(0).max(65_535), z.literal('off')]).default('off'),
    })
    .prefault({}),
  keepUpdates: z.boolean().default(false),
  reconnect: z
    .strictObject({ firstDelay: seconds.default(1), longestDelay: seconds.default(60) })
    .prefault({})
    .refine((limits) => limits.firstDelay <= limits.longestDelay, 'firstDelay is longer than longestDelay'),
});

/** Reads and checks agent.json. Throws `config-missing`, or `config-invalid` naming every wrong field. */
export async function readConfig(home: string): Promise<AgentConfig> {
  const file = homeLayout(home).config;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new AgentError(
      'config-missing',
      `${file} does not exist. It names the site's catalogue and interaction files; write it before the agent starts.`,
    );
  }
  return parseConfig(text, file);
}

/** Checks a configuration and writes it as the home's agent.json. */
export async function writeConfig(home: string, config: AgentConfigInput): Promise<AgentConfig> {
  const file = homeLayout(home).config;
  const parsed = parseConfig(JSON.stringify(config), file);
  await writeAtomically(file, `${JSON.stringify(config, null, 2)}\n`);
  return parsed;
}

function parseConfig(text: string, file: string): AgentConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AgentError('config-invalid', `${file} is not JSON: ${(error as Error).message}.`, error);
  }
  const parsed = agentConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(top)'}: ${issue.message}`);
  throw new AgentError('config-invalid', `${file} is not a valid configuration. ${problems.join('; ')}.`);
}
