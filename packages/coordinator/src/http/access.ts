import { createHash, timingSafeEqual } from 'node:crypto';

import type { Context, MiddlewareHandler } from 'hono';

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** Whether the address can be reached from this computer only. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host) || host === '::1' || host.startsWith('127.');
}

/**
 * Refuses requests for other names than ours. A page of another site can make a browser resolve its own name to our
 * address (DNS rebinding); it cannot change the name in the Host header.
 */
export function checkHost(names: readonly string[]): MiddlewareHandler {
  const known = new Set([...LOOPBACK, ...names.map((name) => (name.includes(':') ? `[${name}]` : name.toLowerCase()))]);
  return async (context, next) => {
    const host = (context.req.header('host') ?? '').toLowerCase().replace(/:[0-9]+$/, '');
    if (known.has(host)) return next();
    return context.json({ error: 'unknown-host', message: 'This coordinator does not answer to that name.' }, 421);
  };
}

/** Lets requests through that carry the operator token. */
export function requireOperator(operatorToken: string): MiddlewareHandler {
  const expected = digest(operatorToken);
  return async (context, next) => {
    const [scheme, token] = (context.req.header('authorization') ?? '').split(' ', 2);
    // Digests have one length and are compared in constant time.
    if (scheme?.toLowerCase() === 'bearer' && token !== undefined && timingSafeEqual(digest(token), expected))
      return next();
    return unauthorised(context);
  };
}

/** What every answer says to a browser: nothing from elsewhere, no framing, no guessing of types. */
export function secureHeaders(): MiddlewareHandler {
  return async (context, next) => {
    await next();
    context.header('content-security-policy', CONTENT_POLICY);
    context.header('x-content-type-options', 'nosniff');
    context.header('referrer-policy', 'no-referrer');
    context.header('cross-origin-resource-policy', 'same-origin');
    context.header('cross-origin-opener-policy', 'same-origin');
  };
}

const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function unauthorised(context: Context): Response {
  const message = 'This needs the operator token: the text in the file "operator-token" in the coordinator’s home.';
  return context.json({ error: 'unauthorised', message }, 401, { 'www-authenticate': 'Bearer' });
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
