import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { CertificateAuthority, generateSigningKey } from '@noren/protocol';
import type { TlsIdentity } from '@noren/protocol';

import { configFile, readCoordinatorConfig } from './config.ts';
import type { CoordinatorConfig, PostgresSource } from './config.ts';
import { CoordinatorError } from './coordinator-error.ts';

/** What a coordinator is to others; made once, on its first start. */
export interface CoordinatorIdentity {
  readonly authority: CertificateAuthority;
  readonly tls: TlsIdentity;
  /** Ed25519, PKCS#8 PEM; signs plans. */
  readonly planKey: string;
  /** Bearer token of the operator, base64url. */
  readonly operatorToken: string;
}

export async function createHome(home: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
}

/**
 * Loads the identity from the home, or makes what is missing. The caller holds the home's lock.
 * A server certificate that lacks a name or ends soon is replaced.
 */
export async function keepIdentity(home: string, config: CoordinatorConfig): Promise<CoordinatorIdentity> {
  const authority = await keepAuthority(join(home, 'authority'), config.name);
  const identity = join(home, 'identity');
  await mkdir(identity, { recursive: true, mode: 0o700 });

  const [certificateFile, keyFile] = [join(identity, 'server-certificate.pem'), join(identity, 'server-key.pem')];
  const [certificate, key] = [await readText(certificateFile), await readText(keyFile)];
  const stored = certificate === null || key === null ? null : { certificate, key };
  const server = await authority.keepServer(stored, config.names);
  if (server.renewed) {
    await writePrivately(keyFile, server.key);
    await writePrivately(certificateFile, server.certificate);
  }
  return {
    authority,
    tls: { authority: authority.certificate, certificate: server.certificate, key: server.key },
    planKey: await keepText(join(identity, 'plan-key.pem'), generateSigningKey),
    operatorToken: await keepText(join(home, 'operator-token'), () => randomBytes(32).toString('base64url')),
  };
}

/**
 * Writes the configuration next to what it configures, so that a later start needs only the home. A file that says the
 * same in the operator's own spelling is left alone.
 */
export async function keepConfig(config: CoordinatorConfig): Promise<void> {
  const file = configFile(config.home);
  const text = configText(config);
  const written = (await readText(file)) === null ? null : await readCoordinatorConfig(config.home);
  if (written === null || configText(written) !== text) await writePrivately(file, text);
}

/** Without the console's folder, which belongs to the installed program, and the home, which is where the file lies. */
function configText({ home: _home, consoleDirectory: _directory, ...kept }: CoordinatorConfig): string {
  return `${JSON.stringify(kept, null, 2)}\n`;
}

/** The URL itself, from where the configuration says. */
export async function readPostgresUrl(source: PostgresSource): Promise<string> {
  if ('urlFile' in source) {
    const url = await readText(source.urlFile);
    if (url !== null) return url.trim();
    throw new CoordinatorError('config-invalid', `The file ${source.urlFile} with the PostgreSQL URL cannot be read.`);
  }
  const url = process.env[source.urlVariable];
  if (url !== undefined && url !== '') return url;
  const message = `The environment variable ${source.urlVariable}, which should hold the PostgreSQL URL, is not set.`;
  throw new CoordinatorError('config-invalid', message);
}

async function keepAuthority(folder: string, federation: string): Promise<CertificateAuthority> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [certificateFile, keyFile] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  const [certificate, key] = [await readText(certificateFile), await readText(keyFile)];
  if (certificate !== null && key !== null) return CertificateAuthority.load({ certificate, key });
  if (certificate !== null) {
    // The certificate is written last: without its key it was not made here. A new authority would lock every site out.
    throw new CoordinatorError('home-invalid', `${keyFile} is missing: restore it from a backup.`);
  }
  const authority = await CertificateAuthority.create(federation);
  await writePrivately(keyFile, authority.key);
  await writePrivately(certificateFile, authority.certificate);
  return authority;
}

async function keepText(file: string, make: () => string): Promise<string> {
  const kept = await readText(file);
  if (kept !== null && kept.trim() !== '') return kept.trim();
  const text = make();
  await writePrivately(file, `${text.trim()}\n`);
  return text.trim();
}

async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    const message = `${file} cannot be read: ${(cause as Error).message}`;
    throw new CoordinatorError('home-invalid', message, { cause });
  }
}

/** Complete and on disk, or unchanged; readable by this user only. */
async function writePrivately(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}`;
  try {
    await writeSynced(temporary, text);
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new CoordinatorError('home-invalid', `${file} cannot be written: ${(cause as Error).message}`, { cause });
  }
  await syncFolder(dirname(file));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
