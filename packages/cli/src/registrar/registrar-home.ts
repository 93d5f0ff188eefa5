import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

import {
  generateSigningKey,
  nextRoster,
  readSignedRoster,
  signingPublicKey,
  signRoster,
  type RosterChange,
  type SignedRoster,
} from '@noren/protocol';

import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';

/**
 * The registrar's folder: its signing key and the newest roster. It belongs on a computer of whoever is responsible for
 * who takes part (the security team, say), not on the coordinator's, and needs no network.
 */
export class RegistrarHome {
  readonly #folder: string;
  readonly #key: string;

  private constructor(folder: string, key: string) {
    this.#folder = folder;
    this.#key = key;
  }

  /** Makes the folder and its key. Throws CliError when there is a registrar in it. */
  static async create(folder: string): Promise<RegistrarHome> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const key = generateSigningKey();
    try {
      await writeNew(keyFile(folder), key);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      throw new CliError(`${keyFile(folder)} exists: this folder has a registrar. Choose another one.`);
    }
    return new RegistrarHome(folder, key);
  }

  static async open(folder: string): Promise<RegistrarHome> {
    try {
      return new RegistrarHome(folder, await readFile(keyFile(folder), 'utf8'));
    } catch {
      const message = `There is no registrar in ${folder}. Make one with \`noren registrar create --home ${folder}\`.`;
      throw new CliError(message, exitCode.notFound);
    }
  }

  /** 64 hexadecimal digits, for the sites' policies. */
  get publicKey(): string {
    return Buffer.from(signingPublicKey(this.#key)).toString('hex');
  }

  /** The newest roster; null before the first. Throws ProtocolError `invalid-roster`. */
  async roster(): Promise<SignedRoster | null> {
    const bytes = await readFile(rosterFile(this.#folder)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    return bytes === null ? null : readSignedRoster(new Uint8Array(bytes));
  }

  /**
   * Signs the roster that follows the newest one, with a group seed of its own, and keeps it. A federation is named with its first roster.
   * Throws CliError, or ProtocolError `invalid-roster`; then nothing has changed.
   */
  async sign(federation: string | null, change: RosterChange): Promise<Uint8Array> {
    const previous = await this.roster();
    const known = previous?.roster.federation ?? federation;
    if (known === null) {
      throw new CliError("The first roster needs the federation's name: add --federation <name>.", exitCode.usage);
    }
    if (federation !== null && federation !== known) {
      throw new CliError(`This registrar's rosters are for the federation "${known}", not "${federation}".`);
    }
    const bytes = signRoster(nextRoster(known, previous, change, randomBytes(32)), this.#key);
    const temporary = join(this.#folder, `roster.${randomUUID()}`);
    await writeNew(temporary, bytes);
    await rename(temporary, rosterFile(this.#folder));
    return bytes;
  }
}

const keyFile = (folder: string): string => join(folder, 'registrar-key.pem');
const rosterFile = (folder: string): string => join(folder, 'roster.json');

async function writeNew(file: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
