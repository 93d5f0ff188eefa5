import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';

import { expect, test } from 'vitest';

import { parseSiteId } from '../identifiers.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { createInvitation, formatInvitation, parseInvitation, tokenDigest } from './invitation.ts';
import { certificateFingerprint, certificateToPem, certificateValidity } from './pem.ts';
import { createSigningRequest } from './signing-request.ts';

const dayMs = 24 * 60 * 60 * 1000;
const now = new Date('2026-11-23T12:00:00Z');
const siteId = parseSiteId('osaka');

test('an authority survives storage and goes on issuing under the same name', async () => {
  const created = await CertificateAuthority.create('Noren, O=Example "north"', now);
  const loaded = await CertificateAuthority.load({ certificate: created.certificate, key: created.key });
  expect(loaded.fingerprint).toBe(created.fingerprint);
  const root = new X509Certificate(created.certificate);
  expect(root.ca).toBe(true);
  expect(createPrivateKey(created.key).asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
  const server = new X509Certificate((await loaded.issueServer([], now)).certificate);
  expect(server.checkIssued(root)).toBe(true);
  expect(server.verify(root.publicKey)).toBe(true);
});

test('an authority’s certificate with another key is not loaded', async () => {
  const one = await CertificateAuthority.create('north');
  const two = await CertificateAuthority.create('north');
  const mixed = CertificateAuthority.load({ certificate: one.certificate, key: two.key });
  await expect(mixed).rejects.toMatchObject({ code: 'invalid-certificate' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const wrongKind = CertificateAuthority.load({ certificate: one.certificate, key: rsa.toString() });
  await expect(wrongKind).rejects.toMatchObject({ code: 'invalid-certificate' });
});

test('a server certificate names the given hosts and this computer, for a year', async () => {
  const authority = await CertificateAuthority.create('north', now);
  const { certificate } = await authority.issueServer(['hq.example.com', '10.0.0.5'], now);
  const server = new X509Certificate(certificate);
  expect(server.checkHost('hq.example.com')).toBe('hq.example.com');
  expect(server.checkHost('localhost')).toBe('localhost');
  expect(['10.0.0.5', '127.0.0.1', '::1'].map((address) => server.checkIP(address))).not.toContain(undefined);
  expect(server.checkHost('elsewhere.example.com')).toBeUndefined();
  expect(server.ca).toBe(false);
  expect(certificateValidity(certificate).notAfter.getTime() - now.getTime()).toBe(365 * dayMs);
});

test('a stored server certificate is kept until it nears its end, lacks a name or is not ours', async () => {
  const authority = await CertificateAuthority.create('north', now);
  const first = await authority.keepServer(null, ['hq.example.com'], now);
  expect(first.renewed).toBe(true);
  const later = (days: number) => new Date(now.getTime() + days * dayMs);
  const kept = await authority.keepServer(first, ['hq.example.com'], later(334));
  expect(kept).toEqual({ ...first, renewed: false });
  expect((await authority.keepServer(first, ['hq.example.com'], later(336))).renewed).toBe(true);
  expect((await authority.keepServer(first, ['new.example.com'], now)).renewed).toBe(true);
  const other = await CertificateAuthority.create('north', now);
  expect((await other.keepServer(first, ['hq.example.com'], now)).renewed).toBe(true);
});

test('a client certificate carries the site’s name, not the request’s, for 30 days, and only for calling', async () => {
  const authority = await CertificateAuthority.create('north', now);
  const { key, request } = await createSigningRequest();
  const der = await authority.issueClient(siteId, request, now);
  const certificate = new X509Certificate(der);
  expect(certificate.subject).toBe('CN=osaka');
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  // id-kp-clientAuth, RFC 5280 section 4.2.1.12
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(certificateValidity(der).notAfter.getTime() - now.getTime()).toBe(30 * dayMs);
  expect(certificateFingerprint(certificateToPem(der))).toBe(certificateFingerprint(der));
  expect(certificateFingerprint(der)).toBe(certificate.fingerprint256.replaceAll(':', '').toLowerCase());
});

test('two certificates never share a serial number', async () => {
  const authority = await CertificateAuthority.create('north', now);
  const { request } = await createSigningRequest();
  const serials = await Promise.all(
    Array.from(
      { length: 20 },
      async () => new X509Certificate(await authority.issueClient(siteId, request)).serialNumber,
    ),
  );
  expect(new Set(serials).size).toBe(20);
  expect(serials.every((serial) => /^[4-7][0-9A-F]{31}$/.test(serial))).toBe(true);
});

test('a request that its key did not sign, or that is no request, gets no certificate', async () => {
  const authority = await CertificateAuthority.create('north', now);
  const { request } = await createSigningRequest();
  // The signature is the last part of the DER: changing its last byte keeps the request readable.
  const forged = new Uint8Array(request);
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  for (const bad of [forged, request.subarray(0, 100), new Uint8Array([1, 2, 3]), new Uint8Array(8000).fill(0x30)]) {
    await expect(authority.issueClient(siteId, bad)).rejects.toMatchObject({ code: 'invalid-certificate' });
  }
});

test('an invitation survives its text, and the coordinator can recognise its token', async () => {
  const authority = await CertificateAuthority.create('north', now);
  const options = {
    federation: 'north',
    siteId,
    address: 'hq.example.com:7443',
    enrolmentAddress: '[::1]:7444',
    authority: authority.certificate,
    expiresAt: now,
  };
  const { invitation, tokenHash } = createInvitation(options);
  expect(parseInvitation(formatInvitation(invitation))).toEqual(invitation);
  const token = Buffer.from(invitation.token, 'base64url');
  expect(token).toHaveLength(32);
  expect(tokenDigest(token)).toBe(tokenHash);
  expect(createInvitation(options).tokenHash).not.toBe(tokenHash);

  const changed = (change: object) => () => parseInvitation(JSON.stringify({ ...invitation, ...change }));
  for (const change of [
    { token: 'short' },
    { address: 'hq.example.com' },
    { address: 'hq.example.com:70000' },
    { siteId: 'Osaka!' },
    { expiresAt: 'tomorrow' },
    { authority: 'none' },
    { version: 2 },
    { extra: 1 },
  ]) {
    expect(changed(change)).toThrow('Ask the central operator for a new one.');
  }
  expect(() => parseInvitation('hello')).toThrow('it is not JSON');
  expect(() => parseInvitation('x'.repeat(20_000))).toThrow('at most 16384');
});
