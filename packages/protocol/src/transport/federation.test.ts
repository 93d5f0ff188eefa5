import { createHash, randomBytes } from 'node:crypto';

import { expect, onTestFinished, test } from 'vitest';

import { CertificateAuthority } from '../certificates/certificate-authority.ts';
import { createInvitation, tokenDigest } from '../certificates/invitation.ts';
import { certificateToPem } from '../certificates/pem.ts';
import { createSigningRequest } from '../certificates/signing-request.ts';
import { contentHash, parseRoundId, parseSiteId } from '../identifiers.ts';
import type { CoordinatorMessage } from '../messages/coordinator-message.ts';
import type { UploadHeader } from '../messages/transfer-message.ts';
import { ProtocolError } from '../protocol-error.ts';
import { cuttingRelay, publish, siteIdentity, startLoopback, until } from '../testing/loopback-federation.ts';
import type { LoopbackFederation } from '../testing/loopback-federation.ts';
import { enrol } from './enrolment-client.ts';
import { startEnrolmentServer } from './enrolment-server.ts';
import { connectFederation } from './federation-client.ts';
import type { FederationConnection } from './federation-client.ts';

const roundId = parseRoundId('round-1');

async function connectSite(federation: LoopbackFederation, siteId = 'osaka', address = federation.address) {
  const tls = await siteIdentity(federation.authority, siteId);
  const connection = connectFederation({ address, tls });
  onTestFinished(() => connection.close());
  return connection;
}

/** A session that remembers what it was told. */
function openSession(connection: FederationConnection) {
  const messages: CoordinatorMessage[] = [];
  const closed: { reason: string; error: ProtocolError | null }[] = [];
  const session = connection.session({
    message: (message) => messages.push(message),
    closed: (reason, error) => closed.push({ reason, error }),
  });
  return { session, messages, closed };
}

function uploadOf(chunks: readonly Uint8Array[]): UploadHeader {
  return {
    roundId,
    planHash: new Uint8Array(32).fill(1),
    length: chunks.reduce((sum, chunk) => sum + chunk.length / 4, 0),
    chunkHashes: chunks.map((chunk) => new Uint8Array(createHash('sha256').update(chunk).digest())),
    rosterHash: new Uint8Array(32).fill(2),
    signature: new Uint8Array(64).fill(3),
  };
}

test('a site enrols with its invitation and then talks to the coordinator under the certificate it got', async () => {
  const federation = await startLoopback(onTestFinished);
  const { authority } = federation;
  const siteId = parseSiteId('kyoto');
  const planKey = new Uint8Array(randomBytes(32));
  let expectedToken = '';
  const enrolment = await startEnrolmentServer({
    host: '127.0.0.1',
    port: 0,
    tls: { authority: authority.certificate, ...(await authority.issueServer([])) },
    async enrol(request) {
      if (tokenDigest(request.token) !== expectedToken) throw new ProtocolError('denied', 'The token is not known.');
      const certificate = await authority.issueClient(siteId, request.certificateSigningRequest);
      return { siteId, federation: 'north', certificate, planKey };
    },
  });
  onTestFinished(() => enrolment.close());
  const { invitation, tokenHash } = createInvitation({
    federation: 'north',
    siteId,
    address: federation.address,
    enrolmentAddress: `localhost:${enrolment.port}`,
    authority: authority.certificate,
    expiresAt: new Date(Date.now() + 60_000),
  });
  expectedToken = tokenHash;

  const { key, request } = await createSigningRequest();
  const enrolRequest = { certificateSigningRequest: request, identityKey: new Uint8Array(32) };
  const response = await enrol({ invitation, request: enrolRequest });
  expect(response).toMatchObject({ siteId: 'kyoto', federation: 'north', planKey });

  const tls = { authority: invitation.authority, certificate: certificateToPem(response.certificate), key };
  const connection = connectFederation({ address: invitation.address, tls });
  onTestFinished(() => connection.close());
  const { session } = openSession(connection);
  session.send({ kind: 'heartbeat' });
  await until(() => federation.record.messages.length === 1);
  expect(federation.record.handles[0]?.peer.siteId).toBe('kyoto');

  expectedToken = 'another';
  await expect(enrol({ invitation, request: enrolRequest })).rejects.toMatchObject({
    code: 'denied',
    message: 'The token is not known.',
  });
});

test('an enrolment answered for another site, key or by another authority is refused', async () => {
  const authority = await CertificateAuthority.create('north');
  const other = await CertificateAuthority.create('north');
  const siteId = parseSiteId('kyoto');
  const mine = await createSigningRequest();
  const theirs = await createSigningRequest();
  const answers = [
    await authority.issueClient(parseSiteId('osaka'), mine.request),
    await authority.issueClient(siteId, theirs.request),
    await other.issueClient(siteId, mine.request),
  ];
  const enrolment = await startEnrolmentServer({
    host: '127.0.0.1',
    port: 0,
    tls: { authority: authority.certificate, ...(await authority.issueServer([])) },
    enrol: async () => ({
      siteId,
      federation: 'north',
      certificate: answers.shift() ?? new Uint8Array(1),
      planKey: new Uint8Array(32),
    }),
  });
  onTestFinished(() => enrolment.close());
  const address = `127.0.0.1:${enrolment.port}`;
  const { invitation } = createInvitation({
    federation: 'north',
    siteId,
    address,
    enrolmentAddress: address,
    authority: authority.certificate,
    expiresAt: new Date(Date.now() + 60_000),
  });
  const request = { certificateSigningRequest: mine.request, identityKey: new Uint8Array(32) };
  for (let attempt = 0; attempt < 4; attempt++) {
    await expect(enrol({ invitation, request })).rejects.toMatchObject({ code: 'invalid-certificate' });
  }
  const late = new Date(Date.now() + 120_000);
  await expect(enrol({ invitation, request, now: late })).rejects.toMatchObject({ code: 'invitation-expired' });
});

test('a session carries messages both ways and closes once on each side', async () => {
  const federation = await startLoopback(onTestFinished);
  const { session, messages, closed } = openSession(await connectSite(federation));
  session.send({ kind: 'hello', agentVersion: '0.1.0', releaseHash: null });
  session.send({ kind: 'progress', roundId, activity: 'relearning', fraction: 0.5 });
  await until(() => federation.record.messages.length === 2);
  expect(federation.record.messages[0]).toEqual({ kind: 'hello', agentVersion: '0.1.0', releaseHash: null });

  const [handle] = federation.record.handles;
  handle?.send({ kind: 'welcome', federation: 'north', heartbeatSeconds: 20 });
  handle?.end('暖簾: the site was taken out of service');
  handle?.end('a second end is nothing');
  await until(() => closed.length > 0);
  expect(messages).toEqual([{ kind: 'welcome', federation: 'north', heartbeatSeconds: 20 }]);

  session.end();
  session.send({ kind: 'heartbeat' });
  handle?.send({ kind: 'welcome', federation: 'north', heartbeatSeconds: 20 });
  await federation.close();
  expect(closed).toEqual([{ reason: '暖簾: the site was taken out of service', error: null }]);
  expect(federation.record.closed).toEqual(['暖簾: the site was taken out of service']);
});

test('a site that says goodbye closes the session without an error', async () => {
  const federation = await startLoopback(onTestFinished);
  const { session, closed } = openSession(await connectSite(federation));
  session.send({ kind: 'heartbeat' });
  session.end();
  await until(() => closed.length === 1 && federation.record.closed.length === 1);
  expect(closed[0]?.error).toBeNull();
  expect(federation.record.messages).toEqual([{ kind: 'heartbeat' }]);
});

test('a fault of the site while it handles a message ends its session with that fault', async () => {
  const federation = await startLoopback(onTestFinished);
  const closed: (ProtocolError | null)[] = [];
  const session = (await connectSite(federation)).session({
    message() {
      throw Object.assign(new Error('disk full'), { code: 'ENOSPC' });
    },
    closed: (_reason, error) => closed.push(error),
  });
  session.send({ kind: 'heartbeat' });
  await until(() => federation.record.messages.length === 1);
  federation.record.handles[0]?.send({ kind: 'welcome', federation: 'north', heartbeatSeconds: 20 });
  await until(() => closed.length === 1 && federation.record.closed.length === 1);
  expect(closed[0]).toMatchObject({ code: 'internal', message: 'disk full', cause: { code: 'ENOSPC' } });
});

test('a lost connection closes the session on both sides', async () => {
  const federation = await startLoopback(onTestFinished);
  const relay = await cuttingRelay(onTestFinished, federation.port, [6000]);
  const { session, closed } = openSession(await connectSite(federation, 'osaka', relay));
  session.send({ kind: 'heartbeat' });
  await until(() => federation.record.messages.length === 1);
  const hash = contentHash(new Uint8Array());
  while (closed.length === 0) {
    const reason = 'x'.repeat(2000);
    federation.record.handles[0]?.send({
      kind: 'roundClosed',
      roundId,
      outcome: 'failed',
      reason,
      releaseHash: hash,
      transcriptHash: null,
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until(() => federation.record.closed.length === 1);
  expect(closed).toHaveLength(1);
  expect(closed[0]?.error?.code).toBe('unreachable');
});

test('a coordinator that stops tells its sites so', async () => {
  const federation = await startLoopback(onTestFinished);
  const { session, closed } = openSession(await connectSite(federation));
  session.send({ kind: 'heartbeat' });
  await until(() => federation.record.messages.length === 1);
  await federation.close();
  await until(() => closed.length === 1);
  expect(closed).toEqual([{ reason: 'The coordinator is shutting down.', error: null }]);
});

test('a refusal by the application reaches the site with its reason', async () => {
  const federation = await startLoopback(onTestFinished, {
    session: () => ({
      message() {
        throw new ProtocolError('wrong-state', 'Say hello first, 先に挨拶を.');
      },
      closed: () => undefined,
    }),
  });
  const { session, closed } = openSession(await connectSite(federation));
  session.send({ kind: 'heartbeat' });
  await until(() => closed.length === 1);
  expect(closed[0]?.error).toMatchObject({ code: 'wrong-state', message: 'Say hello first, 先に挨拶を.' });
});

test('a fault of the coordinator is reported there and not shown to the site', async () => {
  const federation = await startLoopback(onTestFinished, {
    session() {
      throw new Error('secret of the database');
    },
  });
  const { session, closed } = openSession(await connectSite(federation));
  session.send({ kind: 'heartbeat' });
  await until(() => closed.length === 1);
  expect(closed[0]?.error).toMatchObject({ code: 'internal' });
  expect(closed[0]?.reason).not.toContain('secret');
  expect(federation.record.failures).toHaveLength(1);
});

test('a download continues after broken connections and arrives whole', async () => {
  const federation = await startLoopback(onTestFinished);
  const bytes = new Uint8Array(randomBytes(3_000_000));
  const hash = publish(federation, bytes);
  const relay = await cuttingRelay(onTestFinished, federation.port, [700_000, 1_200_000]);
  const connection = await connectSite(federation, 'osaka', relay);
  const progress: number[] = [];
  const received = await connection.download(hash, {
    onChunk(done, total) {
      expect(total).toBe(bytes.length);
      progress.push(done);
    },
  });
  expect(Buffer.compare(received, bytes)).toBe(0);
  // Nothing was fetched twice: progress never goes back.
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(progress.at(-1)).toBe(bytes.length);
});

test('a download that never gets further gives up as unreachable', async () => {
  const federation = await startLoopback(onTestFinished);
  const hash = publish(federation, new Uint8Array(randomBytes(100_000)));
  const relay = await cuttingRelay(
    onTestFinished,
    federation.port,
    Array.from({ length: 1000 }, () => 0),
  );
  const connection = await connectSite(federation, 'osaka', relay);
  await expect(connection.download(hash)).rejects.toMatchObject({ code: 'unreachable' });
});

test('an empty file downloads; an unknown one is not found; a damaged one is refused', async () => {
  const federation = await startLoopback(onTestFinished);
  const connection = await connectSite(federation);
  expect(await connection.download(publish(federation, new Uint8Array()))).toHaveLength(0);
  await expect(connection.download(contentHash(new Uint8Array([1])))).rejects.toMatchObject({ code: 'not-found' });
  const damaged = contentHash(new Uint8Array([2]));
  federation.blobs.set(damaged, new Uint8Array([3]));
  await expect(connection.download(damaged)).rejects.toMatchObject({ code: 'hash-mismatch' });
});

test('a cancelled download stops and says so', async () => {
  const federation = await startLoopback(onTestFinished);
  const hash = publish(federation, new Uint8Array(randomBytes(3_000_000)));
  const cancel = new AbortController();
  const connection = await connectSite(federation);
  const download = connection.download(hash, { signal: cancel.signal, onChunk: () => cancel.abort() });
  await expect(download).rejects.toMatchObject({ code: 'cancelled' });
});

test('an upload arrives chunk by chunk, aligned for typed arrays, and is confirmed', async () => {
  const federation = await startLoopback(onTestFinished);
  const chunks = [262_144, 262_144, 4096].map((size) => new Uint8Array(randomBytes(size)));
  const header = uploadOf(chunks);
  await (await connectSite(federation)).upload(header, chunks);
  const [upload] = federation.record.uploads;
  expect(upload?.header).toEqual(header);
  expect(upload?.end).toBe('complete;');
  expect(upload?.chunks.map((chunk) => Buffer.compare(chunk, chunks.shift() ?? chunk))).toEqual([0, 0, 0]);
  expect(upload?.chunks.every((chunk) => chunk.byteOffset % 4 === 0)).toBe(true);
});

test('chunks are taken at the pace of a slow coordinator', async () => {
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const federation = await startLoopback(onTestFinished, {
    upload: async () => ({ chunk: () => gate, complete: async () => undefined, aborted: () => undefined }),
  });
  const total = 200;
  let taken = 0;
  function* chunks(): Generator<Uint8Array> {
    for (; taken < total; taken++) yield new Uint8Array(262_144);
  }
  const header = uploadOf(Array.from({ length: total }, () => new Uint8Array(262_144)));
  const upload = (await connectSite(federation)).upload(header, chunks());
  // The windows and queues in between fill up, and then nothing more is asked for.
  let before = -1;
  while (before !== taken) {
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(taken).toBeLessThan(total / 2);
  open();
  await upload;
  expect(taken).toBe(total);
});

test('an upload with too few, too many or refused chunks is aborted once', async () => {
  const federation = await startLoopback(onTestFinished);
  const connection = await connectSite(federation);
  const chunks = [new Uint8Array(8), new Uint8Array(8)];
  const header = uploadOf(chunks);
  const invalid = { code: 'invalid-message' };
  await expect(connection.upload(header, chunks.slice(1))).rejects.toMatchObject(invalid);
  await expect(connection.upload(header, [...chunks, ...chunks])).rejects.toMatchObject(invalid);
  const cancel = new AbortController();
  function* interrupted(): Generator<Uint8Array> {
    yield new Uint8Array(8);
    cancel.abort();
  }
  const upload = connection.upload(header, interrupted(), { signal: cancel.signal });
  await expect(upload).rejects.toMatchObject({ code: 'cancelled' });
  await until(() => federation.record.uploads.every(({ end }) => end !== ''));
  for (const { end } of federation.record.uploads) expect(end).toMatch(/^aborted: [^;]+;$/);
});

test('a site renews its certificate under the name it has', async () => {
  const federation = await startLoopback(onTestFinished, {
    renew: (peer, request) => federation.authority.issueClient(peer.siteId, request),
  });
  const { key, request } = await createSigningRequest();
  const certificate = certificateToPem(await (await connectSite(federation)).renew(request));
  const tls = { authority: federation.authority.certificate, certificate, key };
  const renewed = connectFederation({ address: federation.address, tls });
  onTestFinished(() => renewed.close());
  openSession(renewed).session.send({ kind: 'heartbeat' });
  await until(() => federation.record.messages.length === 1);
  expect(federation.record.handles[0]?.peer.siteId).toBe('osaka');
});

test('closing a connection ends its session and its transfers', async () => {
  const federation = await startLoopback(onTestFinished);
  const hash = publish(federation, new Uint8Array(randomBytes(3_000_000)));
  const connection = await connectSite(federation);
  const { session, closed } = openSession(connection);
  session.send({ kind: 'heartbeat' });
  await until(() => federation.record.messages.length === 1);
  const download = connection.download(hash, { onChunk: () => connection.close() });
  await expect(download).rejects.toMatchObject({ code: 'cancelled' });
  expect(closed).toEqual([{ reason: 'This site closed the connection.', error: null }]);
  await until(() => federation.record.closed.length === 1);
});
