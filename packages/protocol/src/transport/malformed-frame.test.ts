import { createHash } from 'node:crypto';

import { Client } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';

import { noren } from '../generated/noren.js';
import { siteIdentity, startLoopback, until } from '../testing/loopback-federation.ts';
import { clientSettings } from './channel-settings.ts';
import { tlsClient } from './credentials.ts';
import { downloadRpc, renewRpc, sessionRpc, uploadRpc } from './rpc.ts';
import type { Rpc } from './rpc.ts';
import { fromServiceError } from './status.ts';

const malformed: readonly [string, Uint8Array][] = [
  ['bytes of noise', new Uint8Array(createHash('sha512').update('noise').digest())],
  ['an empty frame', new Uint8Array()],
  ['a length beyond the frame', new Uint8Array([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
  ['an unfinished number', new Uint8Array([0x80])],
  ['a fraction that is not a number', progressOf({ fraction: Number.NaN })],
  ['an activity of the future', progressOf(JSON.parse('{ "activity": 99 }') as noren.v1.Progress.$Properties)],
  ['a round id with a path in it', progressOf({ roundId: '../../etc' })],
  ['a short key', noren.v1.SessionRequest.encode({ keyAdvertisement: { maskKey: new Uint8Array(31) } }).finish()],
];

function progressOf(change: noren.v1.Progress.$Properties): Uint8Array {
  const valid = { roundId: 'r', activity: noren.v1.Activity.ACTIVITY_RELEARNING, fraction: 0.5 };
  return noren.v1.SessionRequest.encode({ progress: { ...valid, ...change } }).finish();
}

function coders<Request, Response>(rpc: Rpc<Request, Response>) {
  return [rpc.path, rpc.requestSerialize, rpc.responseDeserialize] as const;
}

test('malformed frames end their call as invalid, and the coordinator goes on', async () => {
  const federation = await startLoopback(onTestFinished);
  const tls = await siteIdentity(federation.authority, 'osaka');
  const { credentials, options } = tlsClient(federation.address, tls.authority, tls);
  const client = new Client(federation.address, credentials, { ...clientSettings, ...options });
  onTestFinished(() => client.close());

  const codeOf = (error: unknown): string => fromServiceError(error, federation.address).code;
  for (const [name, frame] of malformed) {
    const session = await new Promise<string>((resolve) => {
      const call = client.makeBidiStreamRequest(...coders(sessionRpc));
      call.on('error', (error) => resolve(codeOf(error)));
      call.on('data', () => undefined);
      call.write(frame);
    });
    const download = await new Promise<string>((resolve) => {
      const call = client.makeServerStreamRequest(...coders(downloadRpc), frame);
      call.on('error', (error) => resolve(codeOf(error)));
      call.on('data', () => undefined);
    });
    const upload = await new Promise<string>((resolve) => {
      const call = client.makeClientStreamRequest(...coders(uploadRpc), (error: ServiceError | null) =>
        resolve(codeOf(error)),
      );
      call.on('error', () => undefined);
      call.end(frame);
    });
    expect({ name, session, download, upload }).toEqual({
      name,
      session: 'invalid-message',
      download: 'invalid-message',
      upload: 'invalid-message',
    });
  }
  expect(federation.record.messages).toHaveLength(0);
  expect(federation.record.failures).toHaveLength(0);
  await until(() => federation.record.closed.length === malformed.length);
});

test('a frame beyond the size limit is refused without being kept', async () => {
  const federation = await startLoopback(onTestFinished, { renew: async (_peer, request) => request });
  const tls = await siteIdentity(federation.authority, 'osaka');
  const { credentials, options } = tlsClient(federation.address, tls.authority, tls);
  const client = new Client(federation.address, credentials, options);
  onTestFinished(() => client.close());
  const code = await new Promise<string>((resolve) => {
    client.makeUnaryRequest(...coders(renewRpc), new Uint8Array(5 * 1024 * 1024), (error) =>
      resolve(fromServiceError(error, federation.address).code),
    );
  });
  expect(code).toBe('exhausted');
});
