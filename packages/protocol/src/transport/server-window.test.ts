import { connect } from 'node:http2';
import type { Settings } from 'node:http2';

import { Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';

import { raiseServerWindow } from './server-window.ts';

const wanted = 4 * 1024 * 1024;

/** What a server announces: its stream window, and the connection window it grants, in bytes. */
async function announcedWindows(
  server: Server,
  afterBinding: () => void,
): Promise<{ stream: number; connection: number }> {
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  afterBinding();
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  const settings = await new Promise<Settings>((resolve) => session.once('remoteSettings', resolve));
  // The window update follows the settings; a ping's answer comes behind both.
  await new Promise<void>((resolve) => session.ping(() => resolve()));
  return { stream: settings.initialWindowSize ?? 0, connection: session.state.remoteWindowSize ?? 0 };
}

test('a server receives up to the raised window per stream and per connection', async () => {
  const server = new Server({ 'grpc.max_concurrent_streams': 16 });
  const windows = await announcedWindows(server, raiseServerWindow(server, wanted));
  expect(windows).toEqual({ stream: wanted, connection: wanted });
});

test('grpc-js still has no option of its own for it (when this fails, use the option and delete server-window.ts)', async () => {
  const server = new Server({ 'grpc-node.flow_control_window': wanted });
  expect(await announcedWindows(server, () => undefined)).toEqual({ stream: 65_535, connection: 65_535 });
});
