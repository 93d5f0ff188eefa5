import 'reflect-metadata';

import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Extension, PublicKey } from '@peculiar/x509';

import type { SiteId } from '../identifiers.ts';
import { ProtocolError } from '../protocol-error.ts';
import { belongTogether, certificateFingerprint, certificateToPem, readCertificate } from './pem.ts';
import { exportPrivateKey, generateTlsKey, importPrivateKey, keyAlgorithm } from './signing-key.ts';
import { verifySigningRequest } from './signing-request.ts';

/** A certificate and its private key: PEM texts, the key PKCS#8. Store the key with mode 0600. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

const dayMs = 24 * 60 * 60 * 1000;
const authorityDays = 20 * 365;
const serverDays = 365;
/** A site renews well before; a stolen certificate is useless after. */
const clientDays = 30;
/** Left of a server certificate's life when it is replaced. */
const renewalDays = 30;
/** Certificates begin in the past, for clocks that are behind. */
const clockSkewMs = 60 * 60 * 1000;

/** The names a coordinator on this computer always answers to. */
const loopbackNames = ['localhost', '127.0.0.1', '::1'];

/** A federation's own certificate authority (X.509 v3, EC P-256). */
export class CertificateAuthority {
  /** PEM. Sites pin it; it is part of every invitation. */
  readonly certificate: string;
  /** PKCS#8 PEM. */
  readonly key: string;
  /** SHA-256 of the authority's certificate, hexadecimal. */
  readonly fingerprint: string;
  readonly #authority: X509Certificate;
  readonly #signingKey: webcrypto.CryptoKey;

  private constructor(files: CertificateFiles, signingKey: webcrypto.CryptoKey) {
    this.certificate = files.certificate;
    this.key = files.key;
    this.fingerprint = certificateFingerprint(files.certificate);
    this.#authority = new X509Certificate(files.certificate);
    this.#signingKey = signingKey;
  }

  static async create(federation: string, now: Date = new Date()): Promise<CertificateAuthority> {
    const keys = await generateTlsKey();
    const certificate = await X509CertificateGenerator.createSelfSigned(
      {
        name: [{ CN: [`${federation} authority`] }],
        serialNumber: randomSerial(),
        ...period(now, authorityDays),
        keys,
        signingAlgorithm: keyAlgorithm,
        extensions: [
          new BasicConstraintsExtension(true, 0, true),
          new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
          await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        ],
      },
      webcrypto,
    );
    const files = { certificate: pemOf(certificate), key: await exportPrivateKey(keys.privateKey) };
    return new CertificateAuthority(files, keys.privateKey);
  }

  /** Throws ProtocolError `invalid-certificate` when the texts cannot be read or do not belong together. */
  static async load(files: CertificateFiles): Promise<CertificateAuthority> {
    const signingKey = await importPrivateKey(files.key);
    if (!belongTogether(files)) {
      throw new ProtocolError(
        'invalid-certificate',
        'The authority’s certificate and private key do not belong together.',
      );
    }
    return new CertificateAuthority(files, signingKey);
  }

  /** A year's server certificate for the given host names and addresses, localhost and the loopback addresses. */
  async issueServer(names: readonly string[], now: Date = new Date()): Promise<CertificateFiles> {
    const keys = await generateTlsKey();
    const all = [...new Set([...names, ...loopbackNames])];
    const alternatives = all.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }));
    const certificate = await this.#issue(keys.publicKey, 'coordinator', serverDays, now, [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(alternatives),
    ]);
    return { certificate: pemOf(certificate), key: await exportPrivateKey(keys.privateKey) };
  }

  /**
   * Keeps a server certificate, or replaces it when it is missing, foreign, lacks a name or ends within 30 days.
   * `renewed` says whether there is something new to store.
   */
  async keepServer(
    stored: CertificateFiles | null,
    names: readonly string[],
    now: Date = new Date(),
  ): Promise<CertificateFiles & { readonly renewed: boolean }> {
    if (stored !== null && this.#isUsable(stored, names, now)) return { ...stored, renewed: false };
    return { ...(await this.issueServer(names, now)), renewed: true };
  }

  /**
   * A 30-day client certificate (DER) that says the caller is this site, for a signing request (PKCS#10, DER).
   * Throws ProtocolError `invalid-certificate` when the request's sender does not hold its key.
   */
  async issueClient(siteId: SiteId, signingRequest: Uint8Array, now: Date = new Date()): Promise<Uint8Array> {
    const publicKey = await verifySigningRequest(signingRequest);
    const certificate = await this.#issue(publicKey, siteId, clientDays, now, [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
    ]);
    return new Uint8Array(certificate.rawData);
  }

  async #issue(
    publicKey: webcrypto.CryptoKey | PublicKey,
    commonName: string,
    days: number,
    now: Date,
    extensions: readonly Extension[],
  ): Promise<X509Certificate> {
    return X509CertificateGenerator.create(
      {
        // As a list of attributes, so that no character of a name can be read as the syntax of a distinguished name.
        subject: [{ CN: [commonName] }],
        issuer: this.#authority.subjectName,
        serialNumber: randomSerial(),
        ...period(now, days),
        publicKey,
        signingKey: this.#signingKey,
        signingAlgorithm: keyAlgorithm,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          await SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
          await AuthorityKeyIdentifierExtension.create(this.#authority, false, webcrypto),
          ...extensions,
        ],
      },
      webcrypto,
    );
  }

  #isUsable(files: CertificateFiles, names: readonly string[], now: Date): boolean {
    const certificate = readCertificate(files.certificate);
    const remainingMs = Date.parse(certificate.validTo) - now.getTime();
    return (
      remainingMs > renewalDays * dayMs &&
      certificate.verify(readCertificate(this.certificate).publicKey) &&
      belongTogether(files) &&
      names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined)
    );
  }
}

function period(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now.getTime() - clockSkewMs), notAfter: new Date(now.getTime() + days * dayMs) };
}

/** Hexadecimal, 127 random bits: positive, never zero, at most 20 octets (RFC 5280, section 4.1.2.2). */
function randomSerial(): string {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial.toString('hex');
}

function pemOf(certificate: X509Certificate): string {
  return certificateToPem(new Uint8Array(certificate.rawData));
}
