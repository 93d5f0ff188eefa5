import { certificateToPem, certificateValidity, createSigningRequest, type TlsIdentity } from '@noren/protocol';
import type { AgentParts } from '../agent-parts.ts';
import { replaceTls } from '../home/join.ts';
import type { LinkToCoordinator } from './running-round.ts';

/** Renewed when less than this share of its validity is left: two more tries of that length fit before it expires. */
const RENEW_BELOW = 1 / 3;

/** The site's client certificate, replaced in time so that nobody has to enrol a site again. */
export class CertificateKeeper {
  readonly #parts: AgentParts;
  #tls: TlsIdentity;
  #renewing = false;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#tls = parts.site.tls;
  }

  get tls(): TlsIdentity {
    return this.#tls;
  }

  /** Never rejects: the present certificate still serves, and the next connection tries again. */
  async renewIfDue(link: LinkToCoordinator, signal: AbortSignal): Promise<void> {
    const { log, layout, ledger, now } = this.#parts;
    const { notBefore, notAfter } = certificateValidity(this.#tls.certificate);
    const left = (notAfter.getTime() - now().getTime()) / (notAfter.getTime() - notBefore.getTime());
    if (left >= RENEW_BELOW || this.#renewing) return;
    this.#renewing = true;
    try {
      const { key, request } = await createSigningRequest();
      const certificate = await link.transfer((connection) => {
        ledger.record({ kind: 'renewal', roundId: null, bytes: request.length, content: request });
        return connection.renew(request);
      }, signal);
      const pem = certificateToPem(certificate);
      await replaceTls(layout.home, key, pem);
      this.#tls = { authority: this.#tls.authority, key, certificate: pem };
      log.info({ until: certificateValidity(pem).notAfter.toISOString() }, 'the certificate was renewed');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ reason, expires: notAfter.toISOString() }, 'the certificate could not be renewed');
    } finally {
      this.#renewing = false;
    }
  }
}
