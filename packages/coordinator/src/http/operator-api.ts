import {
  MAXIMUM_PLAN_BYTES,
  MAXIMUM_ROSTER_BYTES,
  parsePlanTemplate,
  parseSiteId,
  ProtocolError,
} from '@noren/protocol';
import type { Invitation, PlanTemplate } from '@noren/protocol';
import type { FederationView, RoundView } from '@noren/protocol/console';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { streamSSE } from 'hono/streaming';
import type { Logger } from 'pino';
import { z } from 'zod';

import { CoordinatorError } from '../coordinator-error.ts';
import type { CoordinatorErrorCode } from '../coordinator-error.ts';
import type { SurveyResult } from '../federation/survey-result.ts';
import type { ChangeFeed } from '../events/change-feed.ts';
import { checkHost, isLoopback, requireOperator, secureHeaders } from './access.ts';
import { staticFiles } from './static-files.ts';

/** Bytes of a request's body. */
const LARGEST_BODY = 16 * 1024;
/** Open event streams. */
const MOST_STREAMS = 64;
/** Seconds between two signs of life on an event stream, below the idle limits of common proxies. */
const STREAM_PULSE = 20;

export interface OperatorApiParts {
  readonly log: Logger;
  readonly operatorToken: string;
  /** Where the pages are bound. */
  readonly host: string;
  /** Other names that requests may use. */
  readonly names: readonly string[];
  readonly consoleDirectory: string | null;
  readonly changes: ChangeFeed;
  view(): FederationView;
  round(number: number): Promise<RoundView | null>;
  readonly sequence: () => number;
  startRound(): Promise<number>;
  startSurvey(template: PlanTemplate): Promise<number>;
  /** Null when there was no such survey; the newest without a number. */
  survey(number?: number): Promise<SurveyResult | null>;
  setPaused(paused: boolean): Promise<void>;
  invite(site: string, name: string): Promise<Invitation>;
  revoke(site: string, reason: string): Promise<void>;
  release(site: string, reason: string): Promise<void>;
  installRoster(bytes: Uint8Array): Promise<{ readonly epoch: number; readonly sites: number }>;
  /** Null when ready, else why not. */
  unready(): string | null;
  metrics(): string;
}

const scheduleBody = z.strictObject({ paused: z.boolean() });
const invitationBody = z.strictObject({ siteId: z.string().max(63), name: z.string().max(80) });
const reasonBody = z.strictObject({ reason: z.string().min(1).max(500) });

/** The operator's HTTP interface: JSON under /api, event stream, health, metrics, and the console's pages. */
export function operatorApi(parts: OperatorApiParts): Hono {
  const app = new Hono();
  const operator = requireOperator(parts.operatorToken);
  app.use(secureHeaders());
  app.get('/livez', (context) => context.text('ok\n'));
  app.get('/readyz', (context) => {
    const why = parts.unready();
    return why === null ? context.text('ok\n') : context.text(`${why}\n`, 503);
  });
  app.use(checkHost([parts.host, ...parts.names]));
  const smallBody = bodyLimit({ maxSize: LARGEST_BODY, onError: tooLarge });
  const rosterBody = bodyLimit({ maxSize: MAXIMUM_ROSTER_BYTES, onError: tooLarge });
  const planBody = bodyLimit({ maxSize: MAXIMUM_PLAN_BYTES, onError: tooLarge });
  const limits = new Map([
    ['/api/roster', rosterBody],
    ['/api/surveys', planBody],
  ]);
  app.use('/api/*', (context, next) => (limits.get(context.req.path) ?? smallBody)(context, next));
  if (!isLoopback(parts.host)) {
    app.use('/api/*', operator);
    app.use('/metrics', operator);
  }
  app.get('/metrics', (context) =>
    context.body(parts.metrics(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  app.get('/api/federation', (context) => context.json(parts.view()));
  app.get('/api/events', (context) => events(context, parts));
  app.get('/api/rounds/:number{[0-9]{1,9}}', async (context) => {
    const round = await parts.round(Number(context.req.param('number')));
    return round === null ? notFound(context) : context.json(round);
  });
  app.post('/api/rounds', operator, async (context) => context.json({ round: await parts.startRound() }, 202));
  app.post('/api/surveys', operator, async (context) => {
    const template = parsePlanTemplate(new Uint8Array(await context.req.arrayBuffer()));
    return context.json({ round: await parts.startSurvey(template) }, 202);
  });
  app.get('/api/surveys/:number{latest|[0-9]{1,9}}', async (context) => {
    const number = context.req.param('number');
    const survey = await parts.survey(number === 'latest' ? undefined : Number(number));
    return survey === null ? notFound(context) : context.json(survey);
  });
  app.post('/api/schedule', operator, async (context) => {
    const { paused } = await bodyOf(context, scheduleBody);
    await parts.setPaused(paused);
    return context.json({ paused });
  });
  app.post('/api/invitations', operator, async (context) => {
    const { siteId, name } = await bodyOf(context, invitationBody);
    return context.json(await parts.invite(parseSiteId(siteId), name), 201);
  });
  app.post('/api/sites/:site/revocation', operator, async (context) => {
    const { reason } = await bodyOf(context, reasonBody);
    await parts.revoke(parseSiteId(context.req.param('site')), reason);
    return context.json({ revoked: true });
  });
  app.post('/api/sites/:site/release', operator, async (context) => {
    const { reason } = await bodyOf(context, reasonBody);
    await parts.release(parseSiteId(context.req.param('site')), reason);
    return context.json({ released: true });
  });
  app.post('/api/roster', operator, async (context) => {
    return context.json(await parts.installRoster(new Uint8Array(await context.req.arrayBuffer())), 201);
  });
  app.all('/api/*', notFound);
  app.get('*', parts.consoleDirectory === null ? bare : staticFiles(parts.consoleDirectory));
  app.onError((error, context) => failed(error, context, parts.log));
  return app;
}

/** `event: changed` with the newest sequence whenever something changed, at most five times a second. */
function events(context: Context, { changes, sequence }: OperatorApiParts): Response {
  if (changes.listeners >= MOST_STREAMS) {
    return context.json({ error: 'too-many-streams', message: 'Too many event streams are open.' }, 503);
  }
  return streamSSE(context, async (stream) => {
    const unsubscribe = changes.subscribe(() => {
      void stream.writeSSE({ event: 'changed', id: String(sequence()), data: '{}' });
    });
    const pulse = setInterval(() => void stream.write(': still here\n\n'), STREAM_PULSE * 1000).unref();
    const closed = new Promise<void>((resolve) => {
      stream.onAbort(resolve);
    });
    // At once, so that the answer's head goes out and the page knows that it is connected.
    await stream.write('retry: 2000\n\n');
    await closed;
    clearInterval(pulse);
    unsubscribe();
  });
}

async function bodyOf<T>(context: Context, schema: z.ZodType<T>): Promise<T> {
  let body: unknown;
  try {
    body = await context.req.json();
  } catch {
    body = undefined;
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CoordinatorError(
    'config-invalid',
    `The request’s ${issue?.path.join('.') || 'body'} is not valid: ${issue?.message}.`,
  );
}

const STATUS: Readonly<Partial<Record<CoordinatorErrorCode, ContentfulStatusCode>>> = {
  'config-invalid': 400,
  'unknown-site': 404,
  'not-quarantined': 409,
  'no-backbone': 409,
  'no-plan': 409,
  'round-running': 409,
  'too-few-sites': 409,
  'roster-mismatch': 409,
  'store-failed': 503,
};

function failed(error: Error, context: Context, log: Logger): Response {
  const status = error instanceof CoordinatorError ? STATUS[error.code] : undefined;
  if (error instanceof CoordinatorError && status !== undefined) {
    return context.json({ error: error.code, message: error.message }, status);
  }
  if (error instanceof ProtocolError) return context.json({ error: error.code, message: error.message }, 400);
  log.error({ err: error, path: context.req.path }, 'a request failed');
  return context.json({ error: 'internal', message: 'The coordinator failed; its log says why.' }, 500);
}

function tooLarge(context: Context): Response {
  return context.json({ error: 'too-large', message: 'The request is larger than any of its kind.' }, 413);
}

function notFound(context: Context): Response {
  return context.json({ error: 'not-found', message: 'There is nothing here.' }, 404);
}

function bare(context: Context): Response {
  return context.text('This coordinator runs without its console. The federation as JSON: /api/federation\n');
}
