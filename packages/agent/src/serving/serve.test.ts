import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { servingRoutes, startServing, type RecommendationRequest } from './serve.ts';

const asked: RecommendationRequest[] = [];
const routes = servingRoutes({
  recommend: async (request) => {
    asked.push(request);
    return { source: 'local', items: [{ item: 'rice', score: 0.5 }] };
  },
  onFailure: () => undefined,
});

function ask(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return Promise.resolve(
    routes.request('http://127.0.0.1/recommendations', {
      method: 'POST',
      headers: { host: '127.0.0.1:4000', 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  );
}

test('a history gets items with scores', async () => {
  const answer = await ask({ history: ['tea', 'miso'], count: 3 });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ source: 'local', items: [{ item: 'rice', score: 0.5 }] });
  expect(asked.at(-1)).toEqual({ history: ['tea', 'miso'], count: 3 });
});

test('ten items are recommended unless another count is asked for', async () => {
  await ask({ history: [] });
  expect(asked.at(-1)).toEqual({ history: [], count: 10 });
});

test.each<[string, unknown, Record<string, string>, number]>([
  ['no JSON', '{', {}, 400],
  ['an unknown field', { history: [], user: 7 }, {}, 400],
  ['too many items', { history: Array.from({ length: 1001 }, () => 'x') }, {}, 400],
  ['an item id without end', { history: ['x'.repeat(257)] }, {}, 400],
  ['more recommendations than allowed', { history: [], count: 201 }, {}, 400],
  ['a body without end', { history: ['x'.repeat(600_000)] }, { 'content-length': '600020' }, 413],
  ['a form of another page', 'history=tea', { 'content-type': 'text/plain' }, 415],
  ['a rebound host name', { history: [] }, { host: 'evil.example' }, 403],
])('%s is turned away', async (_what, body, headers, status) => {
  const before = asked.length;
  expect((await ask(body, headers)).status).toBe(status);
  expect(asked).toHaveLength(before);
});

test('a failure is told to the agent’s log and not to the caller', async () => {
  const failures: unknown[] = [];
  const failing = servingRoutes({
    recommend: () => Promise.reject(new Error('customer 4711')),
    onFailure: (error) => failures.push(error),
  });
  const answer = await failing.request('http://localhost/recommendations', {
    method: 'POST',
    headers: { host: 'localhost', 'content-type': 'application/json' },
    body: JSON.stringify({ history: ['tea'] }),
  });
  expect(answer.status).toBe(503);
  expect(await answer.text()).not.toContain('4711');
  expect(failures).toHaveLength(1);
});

test('a port in use is named', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const starting = startServing({
    host: '127.0.0.1',
    port,
    recommend: () => Promise.reject(new Error('unused')),
    onFailure: () => undefined,
  });
  await expect(starting).rejects.toMatchObject({ code: 'port-in-use', message: expect.stringContaining(String(port)) });
});
