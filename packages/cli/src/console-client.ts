import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PlanTemplate } from '@noren/protocol';
import { federationViewSchema, roundViewSchema, type FederationView, type RoundView } from '@noren/protocol/console';
import type { SurveyRecord } from '@noren/recommender';
import { z } from 'zod';

import { exitCode, type ExitCode } from './exit-code.ts';
import { CliError } from './failure.ts';

/** The ports of a coordinator unless told otherwise. */
export const defaultPorts = { grpc: 7443, enrolment: 7444, console: 7480 } as const;
export const defaultConsole: string = `http://127.0.0.1:${defaultPorts.console}`;

/** A roster that was put in force. */
export interface InstalledRoster {
  readonly epoch: number;
  /** Active ones. */
  readonly sites: number;
}

const installedSchema: z.ZodType<InstalledRoster> = z.object({ epoch: z.number(), sites: z.number() });

const startedSchema: z.ZodType<{ readonly round: number }> = z.object({ round: z.number() });

/** The coordinator understood and says no; `code` is its own word for why. */
export class RefusedRequest extends CliError {
  readonly code: string;

  constructor(code: string, message: string, exit: ExitCode) {
    super(message, exit);
    this.name = 'RefusedRequest';
    this.code = code;
  }
}

/** The coordinator's HTTP API as the command line uses it. */
export interface ConsoleClient {
  readonly address: string;
  federation(signal?: AbortSignal): Promise<FederationView>;
  /** Writes need the operator token, which lies in the coordinator's home and never on a command line. */
  startRound(operatorToken: string): Promise<void>;
  /** Starts a survey round; its number. */
  startSurvey(operatorToken: string, template: PlanTemplate): Promise<number>;
  /** A survey that was summed; null when there is none. */
  survey(which: number | 'latest'): Promise<SurveyRecord | null>;
  /** The newest for `latest`; null when there was no such round. */
  round(which: number | 'latest'): Promise<RoundView | null>;
  setPaused(operatorToken: string, paused: boolean): Promise<void>;
  invite(operatorToken: string, siteId: string, name: string): Promise<unknown>;
  /** `roster`: the registrar's document, byte for byte. */
  installRoster(operatorToken: string, roster: string): Promise<InstalledRoster>;
  /** Lets a site out of quarantine. Throws RefusedRequest `unknown-site`, `not-quarantined`. */
  releaseSite(operatorToken: string, site: string, reason: string): Promise<void>;
  /** Takes a site out of the federation. Throws RefusedRequest `unknown-site`. */
  revokeSite(operatorToken: string, site: string, reason: string): Promise<void>;
}

export function consoleClient(address: string): ConsoleClient {
  const request = async (path: string, init: RequestInit = {}, mayLack = false): Promise<unknown> => {
    let response: Response;
    try {
      response = await fetch(new URL(path, address), init);
    } catch {
      throw new CliError(
        `No coordinator answers at ${address}. Start one with \`noren up\`, or name another with --console.`,
        exitCode.unreachable,
      );
    }
    if (mayLack && response.status === 404) return null;
    if (!response.ok) throw await refusal(address, response);
    return response.status === 204 ? undefined : response.json();
  };
  const write = (path: string, operatorToken: string, body: unknown): Promise<unknown> =>
    post(path, operatorToken, JSON.stringify(body));
  const post = (path: string, operatorToken: string, body: string): Promise<unknown> =>
    request(path, {
      method: 'POST',
      headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
      body,
    });
  const federation = async (signal?: AbortSignal): Promise<FederationView> =>
    federationViewSchema.parse(await request('/api/federation', signal === undefined ? {} : { signal }));
  return {
    address,
    federation,
    async startRound(token) {
      await write('/api/rounds', token, {});
    },
    async startSurvey(token, template) {
      return startedSchema.parse(await write('/api/surveys', token, template)).round;
    },
    async survey(which) {
      const found = await request(`/api/surveys/${which}`, {}, true);
      if (found === null) return null;
      // Loads the whole protocol, which few commands need.
      const { planSchema } = await import('@noren/protocol');
      return z
        .object({ round: z.number(), sum: z.string(), plan: planSchema, mean: z.array(z.number()), weight: z.number() })
        .parse(found);
    },
    async round(which) {
      if (which === 'latest') return (await federation()).rounds[0] ?? null;
      return roundViewSchema.nullable().parse(await request(`/api/rounds/${which}`, {}, true));
    },
    async setPaused(token, paused) {
      await write('/api/schedule', token, { paused });
    },
    async installRoster(token, roster) {
      return installedSchema.parse(await post('/api/roster', token, roster));
    },
    async releaseSite(token, site, reason) {
      await write(`/api/sites/${encodeURIComponent(site)}/release`, token, { reason });
    },
    async revokeSite(token, site, reason) {
      await write(`/api/sites/${encodeURIComponent(site)}/revocation`, token, { reason });
    },
    invite: (token, siteId, name) => write('/api/invitations', token, { siteId, name }),
  };
}

const refusalSchema = z.object({ error: z.string().max(64), message: z.string().max(2000) });

async function refusal(address: string, response: Response): Promise<CliError> {
  const text = await response.text();
  const { status } = response;
  const said = refusalSchema.safeParse(parsedJson(text));
  const message = said.success ? said.data.message : text.slice(0, 500);
  const code = said.success ? said.data.error : `http-${status}`;
  if (status === 401 || status === 403) {
    const advice = 'Name its home with --home, so that its operator token can be read.';
    return new RefusedRequest(code, `The coordinator at ${address} refused: ${message} ${advice}`, exitCode.denied);
  }
  const exit = status === 404 ? exitCode.notFound : exitCode.failed;
  return new RefusedRequest(code, `The coordinator at ${address} answered ${status}: ${message}`, exit);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The token is read from the coordinator's home, so that it never stands on a command line. */
export async function operatorToken(home: string): Promise<string> {
  const file = join(home, 'operator-token');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    throw new CliError(`No operator token at ${file}. Name the coordinator's home with --home.`, exitCode.notFound);
  }
}
