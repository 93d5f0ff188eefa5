import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { Client, credentials } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';

import { CertificateAuthority } from '../certificates/certificate-authority.ts';
import { contentHash } from '../identifiers.ts';
import type { ProtocolError } from '../protocol-error.ts';
import { siteIdentity, startLoopback, until } from '../testing/loopback-federation.ts';
import { tlsClient } from './credentials.ts';
import type { TlsIdentity } from './credentials.ts';
import { startEnrolmentServer } from './enrolment-server.ts';
import { connectFederation } from './federation-client.ts';
import { startFederationServer } from './federation-server.ts';
import { renewRpc } from './rpc.ts';
import { fromServiceError } from './status.ts';
import { callUnary } from './unary-client.ts';

const someHash = contentHash(new Uint8Array());

/** What a session of this identity ends with. */
async function sessionError(address: string, tls: TlsIdentity): Promise<ProtocolError | null> {
  const connection = connectFederation({ address, tls });
  onTestFinished(() => connection.close());
  const closed: (ProtocolError | null)[] = [];
  connection.session({ message: () => undefined, closed: (_reason, error) => closed.push(error) });
  await until(() => closed.length > 0);
  expect(closed).toHaveLength(1);
  return closed[0] ?? null;
}

test('a caller without a certificate does not get past the handshake', async () => {
  const federation = await startLoopback(onTestFinished);
  const { credentials: withoutCertificate, options } = tlsClient(federation.address, federation.authority.certificate);
  const client = new Client(federation.address, withoutCertificate, options);
  onTestFinished(() => client.close());
  const explain = (error: unknown) => fromServiceError(error, federation.address);
  await expect(callUnary(client, explain, renewRpc, new Uint8Array(1))).rejects.toMatchObject({
    message: expect.stringContaining("does not accept this site's certificate") as string,
  });
  expect(federation.record.handles).toHaveLength(0);
});

test('a certificate of another authority is refused, even with the same names', async () => {
  const federation = await startLoopback(onTestFinished);
  const foreign = await siteIdentity(await CertificateAuthority.create('north'), 'osaka');
  const error = await sessionError(federation.address, { ...foreign, authority: federation.authority.certificate });
  expect(error?.message).toContain("does not accept this site's certificate");
  expect(federation.record.handles).toHaveLength(0);
});

test('an expired certificate and a server certificate in place of a site’s are refused', async () => {
  const federation = await startLoopback(onTestFinished);
  const longAgo = new Date(Date.now() - 31 * 24 * 60 * 60 * 1000);
  const expired = await siteIdentity(federation.authority, 'osaka', longAgo);
  const server = { authority: federation.authority.certificate, ...(await federation.authority.issueServer([])) };
  expect(await sessionError(federation.address, expired)).toMatchObject({
    code: 'certificate-rejected',
    message: expect.stringContaining('expired on') as string,
  });
  expect((await sessionError(federation.address, server))?.message).toContain('does not accept');
  expect(federation.record.handles).toHaveLength(0);
});

test('a revoked site is denied every call with the reason', async () => {
  const federation = await startLoopback(onTestFinished);
  const tls = await siteIdentity(federation.authority, 'osaka');
  federation.revoked.add('osaka');
  const denied = { code: 'denied', message: 'The site osaka was revoked.' };
  expect(await sessionError(federation.address, tls)).toMatchObject(denied);
  const connection = connectFederation({ address: federation.address, tls });
  onTestFinished(() => connection.close());
  await expect(connection.download(someHash)).rejects.toMatchObject(denied);
  await expect(connection.renew(new Uint8Array(1))).rejects.toMatchObject(denied);
  const header = {
    roundId: 'r',
    planHash: new Uint8Array(32),
    length: 1,
    chunkHashes: [new Uint8Array(32)],
    rosterHash: new Uint8Array(32),
    signature: new Uint8Array(64),
  };
  await expect(connection.upload(header, [new Uint8Array(4)])).rejects.toMatchObject(denied);
  expect(federation.record.handles).toHaveLength(0);
  expect(federation.record.failures).toHaveLength(0);
});

test('plaintext and TLS below 1.3 are refused', async () => {
  const federation = await startLoopback(onTestFinished);
  const client = new Client(federation.address, credentials.createInsecure());
  onTestFinished(() => client.close());
  const explain = (error: unknown) => fromServiceError(error, federation.address);
  await expect(callUnary(client, explain, renewRpc, new Uint8Array(1))).rejects.toMatchObject({
    code: 'unreachable',
  });

  const tls = await siteIdentity(federation.authority, 'osaka');
  const handshake = (maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string | null> =>
    new Promise((resolve, reject) => {
      const socket = connectTls(
        {
          port: federation.port,
          host: '127.0.0.1',
          ca: tls.authority,
          cert: tls.certificate,
          key: tls.key,
          maxVersion,
        },
        () => {
          resolve(socket.getProtocol());
          socket.destroy();
        },
      );
      socket.once('error', reject);
    });
  await expect(handshake('TLSv1.2')).rejects.toThrow(/protocol version|reset|alert/);
  expect(await handshake('TLSv1.3')).toBe('TLSv1.3');
});

test('a site tells apart a wrong authority, a wrong name and a silent address', async () => {
  const federation = await startLoopback(onTestFinished);
  const tls = await siteIdentity(federation.authority, 'osaka');
  const other = await CertificateAuthority.create('south');
  const wrongAuthority = await sessionError(federation.address, { ...tls, authority: other.certificate });
  expect(wrongAuthority).toMatchObject({ code: 'certificate-rejected' });
  expect(wrongAuthority?.message).toContain('another authority');

  // 127.0.0.2 reaches the same computer, but the certificate does not name it.
  const onAllAddresses = await startFederationServer({
    host: '0.0.0.0',
    port: 0,
    tls: { authority: federation.authority.certificate, ...(await federation.authority.issueServer([])) },
    handlers: {
      authorise: () => undefined,
      session: () => ({ message: () => undefined, closed: () => undefined }),
      download: () => Promise.reject(new Error('unused')),
      upload: () => Promise.reject(new Error('unused')),
    },
  });
  onTestFinished(() => onAllAddresses.close());
  const wrongName = await sessionError(`127.0.0.2:${onAllAddresses.port}`, tls);
  expect(wrongName).toMatchObject({ code: 'certificate-rejected' });
  expect(wrongName?.message).toContain('does not name the host of 127.0.0.2');

  const silent = await sessionError('127.0.0.1:1', tls);
  expect(silent).toMatchObject({ code: 'unreachable' });
  expect(silent?.message).toContain('127.0.0.1:1');
});

test('a port in use is named, with what to do', async () => {
  const occupant = createServer();
  await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void occupant.close());
  const { port } = occupant.address() as AddressInfo;
  const authority = await CertificateAuthority.create('north');
  const tls = { authority: authority.certificate, ...(await authority.issueServer([])) };
  const start = (host: string, wanted: number) =>
    startEnrolmentServer({ host, port: wanted, tls, enrol: () => Promise.reject(new Error('unused')) });
  await expect(start('127.0.0.1', port)).rejects.toMatchObject({
    code: 'port-in-use',
    message: `Port ${port} on 127.0.0.1 is in use. Stop the program that uses it, or choose another with --port.`,
  });
  await expect(start('192.0.2.1', 0)).rejects.toMatchObject({ code: 'cannot-listen' });
});
