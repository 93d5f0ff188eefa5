import type { AddressInfo } from 'node:net';
import { serve, type ServerType } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { AgentError } from '../agent-error.ts';
import type { Recommendations } from '../relearning/trainer.ts';

export interface RecommendationRequest {
  /** Item ids, oldest first. */
  readonly history: readonly string[];
  readonly count: number;
}

export interface ServingOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  recommend(request: RecommendationRequest): Promise<Recommendations>;
  /** Hears why a request failed; the caller of the endpoint gets a plain 503. */
  onFailure(error: unknown): void;
}

export interface ServingEndpoint {
  readonly port: number;
  close(): Promise<void>;
}

const requestSchema: z.ZodType<RecommendationRequest> = z.strictObject({
  history: z.array(z.string().min(1).max(256)).max(1000),
  count: z.int().min(1).max(200).default(10),
});

const MAXIMUM_BODY = 512 * 1024;

/** Names a browser may know this endpoint by. A page that was rebound to loopback still sends its own name. */
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/** The endpoint's routes, without a socket. */
export function servingRoutes(o: Pick<ServingOptions, 'recommend' | 'onFailure'>): Hono {
  const routes = new Hono();
  routes.use(async (context, next) => {
    if (!LOOPBACK.test(context.req.header('host') ?? '')) return context.json({ error: 'unknown host' }, 403);
    return next();
  });
  routes.get('/livez', (context) => context.json({ status: 'ok' }));
  routes.post('/recommendations', bodyLimit({ maxSize: MAXIMUM_BODY }), async (context) => {
    // A page of another origin can send a form or plain text without being asked; JSON it cannot.
    const type = context.req.header('content-type') ?? '';
    if (!/^application\/json\b/.test(type)) return context.json({ error: 'send application/json' }, 415);
    const body: unknown = await context.req.json().catch(() => undefined);
    const request = requestSchema.safeParse(body);
    if (!request.success) return context.json({ error: z.prettifyError(request.error) }, 400);
    try {
      return context.json(await o.recommend(request.data));
    } catch (error) {
      o.onFailure(error);
      return context.json({ error: 'recommendations are not available now; the log of the agent says why' }, 503);
    }
  });
  return routes;
}

/** Listens. Throws AgentError `port-in-use`. */
export async function startServing(o: ServingOptions): Promise<ServingEndpoint> {
  const routes = servingRoutes(o);
  const server = await new Promise<ServerType>((resolve, reject) => {
    const listening = serve({ fetch: routes.fetch, hostname: o.host, port: o.port }, () => resolve(listening));
    listening.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new AgentError(
              'port-in-use',
              `port ${o.port} on ${o.host} is in use; choose another as serving.port`,
              error,
            )
          : error,
      );
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Keep-alive connections of a till would hold the shutdown up.
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}
