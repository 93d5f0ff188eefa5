import {
  certificateFingerprint,
  createInvitation,
  ProtocolError,
  readSignedRoster,
  tokenDigest,
} from '@noren/protocol';
import type {
  CertificateAuthority,
  EnrolRequest,
  EnrolResponse,
  Invitation,
  PeerIdentity,
  SignedRoster,
  SiteId,
} from '@noren/protocol';

import type { BlobStore } from '../blobs/blob-store.ts';
import { CoordinatorError } from '../coordinator-error.ts';
import type { FederationState } from '../federation/federation-state.ts';
import type { Journal } from '../store/journal.ts';

/** Days an invitation is good for. */
const INVITATION_DAYS = 7;
const DAY = 86_400_000;

export interface RegistryParts {
  readonly journal: Journal;
  readonly blobs: BlobStore;
  readonly authority: CertificateAuthority;
  /** Ed25519, 32 bytes; sites pin it. */
  readonly planKey: Uint8Array;
  readonly now: () => number;
}

/** Where sites reach the coordinator, `host:port` each. */
export interface Addresses {
  readonly address: string;
  readonly enrolmentAddress: string;
}

/**
 * Who belongs to the federation: invitations, enrolment, renewal, revocation, the registrar's roster. Everything it knows is
 * in the log.
 */
export class Registry {
  readonly #parts: RegistryParts;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  /**
   * A one-time invitation; of it only the hash of the token is kept. Inviting a site again, to replace its computer or
   * a lost invitation, ends its earlier invitations; its enrolment stays good until the new one is used.
   */
  async invite(site: SiteId, name: string, addresses: Addresses): Promise<Invitation> {
    const { journal, authority, now } = this.#parts;
    const shown = name.trim();
    if (shown === '' || shown.length > 80) {
      throw new CoordinatorError('config-invalid', 'The name of a site has 1 to 80 characters.');
    }
    const expiresAt = now() + INVITATION_DAYS * DAY;
    const { address, enrolmentAddress } = addresses;
    const { invitation, tokenHash } = createInvitation({
      address,
      enrolmentAddress,
      federation: journal.state.name,
      siteId: site,
      authority: authority.certificate,
      expiresAt: new Date(expiresAt),
    });
    await journal.append({ kind: 'site-invited', site, name: shown, tokenHash, expiresAt });
    return invitation;
  }

  /** Uses an invitation up. Throws ProtocolError `denied`, `invitation-expired` or `invalid-certificate`. */
  enrol(request: EnrolRequest): Promise<EnrolResponse> {
    const { journal, authority, planKey, now } = this.#parts;
    const tokenHash = tokenDigest(request.token);
    // Within one change, so that of two callers with the same token the second finds it used.
    return journal.change(async (state) => {
      const invitation = state.invitations.get(tokenHash);
      if (invitation === undefined) {
        throw new ProtocolError('denied', 'The invitation is unknown or used. Ask the central operator for a new one.');
      }
      if (invitation.expiresAt <= now()) {
        throw new ProtocolError(
          'invitation-expired',
          'The invitation has expired. Ask the central operator for a new one.',
        );
      }
      const { site } = invitation;
      const identityKey = Buffer.from(request.identityKey).toString('hex');
      refuseSharedIdentity(state, site, identityKey);
      const certificate = await authority.issueClient(site, request.certificateSigningRequest, new Date(now()));
      const fingerprint = certificateFingerprint(certificate);
      return {
        events: [{ kind: 'site-enrolled', site, tokenHash, identityKey, fingerprint }],
        result: { siteId: site, federation: state.name, certificate, planKey },
      };
    });
  }

  /** A fresh certificate (DER) for an enrolled site. */
  renew(peer: PeerIdentity, signingRequest: Uint8Array): Promise<Uint8Array> {
    const { journal, authority, now } = this.#parts;
    return journal.change(async () => {
      this.authorise(peer);
      const certificate = await authority.issueClient(peer.siteId, signingRequest, new Date(now()));
      const fingerprint = certificateFingerprint(certificate);
      return { events: [{ kind: 'site-renewed', site: peer.siteId, fingerprint }], result: certificate };
    });
  }

  /** Throws ProtocolError `denied` unless the caller's certificate is one that is in force for its site. */
  authorise(peer: PeerIdentity): void {
    const site = this.#parts.journal.state.sites.get(peer.siteId);
    if (site?.enrolment === null || site?.enrolment === undefined) {
      const why = site?.revoked === null || site === undefined ? 'is not enrolled' : 'was revoked';
      throw new ProtocolError('denied', `The site ${peer.siteId} ${why} in this federation.`);
    }
    const { fingerprint, previousFingerprint } = site.enrolment;
    if (peer.fingerprint === fingerprint || peer.fingerprint === previousFingerprint) return;
    throw new ProtocolError(
      'denied',
      `The site ${peer.siteId} has a newer certificate than this one: use it, or enrol again.`,
    );
  }

  /**
   * Takes over the registrar's next roster. The sites check it by themselves, against the key in their own policy; what is
   * checked here only spares them a roster they would refuse. Throws ProtocolError `invalid-roster`, CoordinatorError
   * `roster-mismatch`.
   */
  async installRoster(bytes: Uint8Array): Promise<{ readonly epoch: number; readonly sites: number }> {
    const { journal, blobs } = this.#parts;
    const signed = readSignedRoster(bytes);
    const { roster, hash } = signed;
    const registrarKey = Buffer.from(signed.registrarKey).toString('hex');
    const members = roster.sites
      .filter(({ status }) => status === 'active')
      .map(({ site, identityKey }) => ({ site, identityKey }));
    await blobs.write(bytes);
    return journal.change((state) => {
      const result = { epoch: roster.epoch, sites: members.length };
      if (state.roster?.hash === hash) return { events: [], result };
      refuseForeignRoster(state, signed, registrarKey);
      const installed = { kind: 'roster-installed', epoch: roster.epoch, hash, registrarKey, members } as const;
      return { events: [installed], result };
    });
  }

  /** Lets a site take part again that was put in quarantine. Throws CoordinatorError `unknown-site`, `not-quarantined`. */
  release(site: SiteId, reason: string): Promise<void> {
    return this.#parts.journal.change((state) => {
      const known = state.sites.get(site);
      if (known === undefined) throw new CoordinatorError('unknown-site', `There is no site ${site}.`);
      if (known.quarantine === null) {
        throw new CoordinatorError('not-quarantined', `The site ${site} is not in quarantine.`);
      }
      return { events: [{ kind: 'site-released', site, reason }], result: undefined };
    });
  }

  /** Takes a site out at once. Throws CoordinatorError `unknown-site`. */
  revoke(site: SiteId, reason: string): Promise<void> {
    return this.#parts.journal.change((state) => {
      if (!state.sites.has(site)) throw new CoordinatorError('unknown-site', `There is no site ${site}.`);
      return { events: [{ kind: 'site-revoked', site, reason }], result: undefined };
    });
  }
}

function refuseForeignRoster(state: FederationState, { roster }: SignedRoster, registrarKey: string): void {
  const { roster: current } = state;
  const fault =
    roster.federation !== state.name
      ? `it is for the federation "${roster.federation}"`
      : current === null
        ? null
        : registrarKey !== current.registrarKey
          ? 'another key than the one before signed it; a new registrar needs a new federation'
          : roster.epoch !== current.epoch + 1 || roster.previousRoster !== current.hash
            ? `it does not follow roster ${current.epoch}, which is in force`
            : null;
  if (fault !== null) throw new CoordinatorError('roster-mismatch', `The roster cannot be put in force: ${fault}.`);
}

/** Two sites with one identity key could stand for each other in the masking protocol. */
function refuseSharedIdentity(state: FederationState, site: SiteId, identityKey: string): void {
  for (const [other, { enrolment }] of state.sites) {
    if (other === site || enrolment?.identityKey !== identityKey) continue;
    throw new ProtocolError('denied', 'Another site has enrolled with this identity key: create a new one.');
  }
}
