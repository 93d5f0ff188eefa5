import {
  CertificateAuthority,
  contentHash,
  createInvitation,
  encodePlan,
  encodeTranscript,
  generateSigningKey,
  parseSiteId,
  planHash,
  signingPublicKey,
  ProtocolError,
  signPlan,
  startEnrolmentServer,
  startFederationServer,
  tokenDigest,
  type CoordinatorMessage,
  type Hash,
  type Invitation,
  type ListeningServer,
  type RoundPlan,
  type SessionHandle,
  type SiteMessage,
  type UploadHeader,
} from '@noren/protocol';
import {
  CoordinatorRound,
  decodeSum,
  quantiserFor,
  type ConsistencyRequest,
  type DecodedSum,
  type SumTranscript,
} from '@noren/secure-aggregation';
import { onTestFinished } from 'vitest';

export type Kind = SiteMessage['kind'];
export type MessageOf<K extends Kind> = Extract<SiteMessage, { kind: K }>;

/** Real servers and real secure aggregation; a test decides what is said when. */
export class ScriptedCoordinator {
  readonly federation: string = 'harbour';
  readonly blobs: Map<string, Uint8Array> = new Map();
  /** Everything a site said, in order. */
  readonly heard: { readonly site: string; readonly message: SiteMessage }[] = [];
  readonly connections: Map<string, number> = new Map();
  /** Called when a site begins an upload; may throw to break it. */
  onUpload: (site: string) => void = () => undefined;
  round: CoordinatorRound | null = null;
  readonly #sessions = new Map<string, SessionHandle>();
  readonly #identities = new Map<string, Uint8Array>();
  readonly #tokens = new Map<string, string>();
  readonly #planKey = generateSigningKey();
  readonly #uploaded = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #authority: CertificateAuthority;
  #federationPort = 0;
  #enrolmentPort = 0;

  private constructor(authority: CertificateAuthority) {
    this.#authority = authority;
  }

  static async start(): Promise<ScriptedCoordinator> {
    const authority = await CertificateAuthority.create('harbour');
    const coordinator = new ScriptedCoordinator(authority);
    const server = await authority.issueServer(['127.0.0.1']);
    const tls = { ...server, authority: authority.certificate };
    const enrolment = await coordinator.#serveEnrolment(tls);
    const federation = await coordinator.#serve(tls, 0);
    onTestFinished(async () => {
      await federation.close();
      await enrolment.close();
    });
    return coordinator;
  }

  get planKey(): Uint8Array {
    return signingPublicKey(this.#planKey);
  }

  invite(site: string): Invitation {
    const { invitation, tokenHash } = createInvitation({
      federation: this.federation,
      siteId: parseSiteId(site),
      address: `127.0.0.1:${this.#federationPort}`,
      enrolmentAddress: `127.0.0.1:${this.#enrolmentPort}`,
      authority: this.#authority.certificate,
      expiresAt: new Date(Date.now() + 3_600_000),
    });
    this.#tokens.set(tokenHash, site);
    return invitation;
  }

  put(bytes: Uint8Array): Hash {
    const hash = contentHash(bytes);
    this.blobs.set(hash, bytes);
    return hash;
  }

  tell(site: string, message: CoordinatorMessage): void {
    const session = this.#sessions.get(site);
    if (session === undefined) throw new Error(`${site} is not connected`);
    session.send(message);
  }

  /** Breaks a site's session as a network failure would. */
  hangUp(site: string): void {
    this.#sessions.get(site)?.end('hung up by the test');
  }

  connected(site: string, times = 1): Promise<void> {
    return this.until(() => (this.connections.get(site) ?? 0) >= times);
  }

  offer(sites: readonly string[], plan: RoundPlan, key: string = this.#planKey): void {
    const bytes = encodePlan(plan);
    const message = { kind: 'roundOffer', plan: bytes, signature: signPlan(bytes, key) } as const;
    for (const site of sites) this.tell(site, message);
  }

  begin(plan: RoundPlan): CoordinatorRound {
    this.round = CoordinatorRound.begin({
      roundId: plan.roundId,
      planHash: planHash(encodePlan(plan)),
      length: plan.vectorLength + 2,
      valueBits: plan.update.valueBits,
      sites: this.#identities,
    });
    this.#uploaded.clear();
    return this.round;
  }

  /** Puts the transcript of the round as it stands where sites can fetch it; null before there is one. */
  transcript(change: (honest: SumTranscript) => SumTranscript = (honest) => honest): Hash | null {
    const honest = this.round?.transcript ?? null;
    return honest === null ? null : this.put(encodeTranscript(change(honest)));
  }

  /** Announces a candidate, with the transcript of the round as it stands. */
  announce(
    site: string,
    { roundId }: Pick<RoundPlan, 'roundId'>,
    candidateHash: Hash,
    transcriptHash = this.transcript(),
  ): void {
    this.tell(site, { kind: 'candidateAnnouncement', roundId, candidateHash, transcriptHash });
  }

  /** The latest message of a kind from a site about a round, waiting for it if it has not come. */
  async message<K extends Kind>(site: string, kind: K, roundId?: string): Promise<MessageOf<K>> {
    const find = (): MessageOf<K> | undefined =>
      this.heard
        .filter((one) => one.site === site && one.message.kind === kind)
        .map((one) => one.message as MessageOf<K>)
        .findLast((message) => roundId === undefined || !('roundId' in message) || message.roundId === roundId);
    await this.until(() => find() !== undefined);
    return find() as MessageOf<K>;
  }

  uploaded(sites: readonly string[]): Promise<void> {
    return this.until(() => sites.every((site) => this.#uploaded.has(site)));
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }

  /** Runs the key exchange up to the point where the sites re-learn. */
  async exchangeKeys(sites: readonly string[], plan: RoundPlan): Promise<void> {
    const round = this.begin(plan);
    this.offer(sites, plan);
    for (const site of sites) {
      const { kind: _kind, ...advertisement } = await this.message(site, 'keyAdvertisement', plan.roundId);
      round.advertise(advertisement);
    }
    const roster = round.closeKeys();
    for (const site of sites) this.tell(site, { kind: 'keyRoster', ...roster });
    for (const site of sites) {
      const { kind: _kind, ...shares } = await this.message(site, 'sealedShares', plan.roundId);
      round.shares(site, shares);
    }
    for (const [site, delivery] of round.closeShares()) {
      this.tell(site, { kind: 'shareDelivery', ...delivery });
    }
  }

  /** Collects the masked updates of `sites` and decodes their sum. */
  async unmask(sites: readonly string[], plan: RoundPlan): Promise<DecodedSum> {
    const sum = await this.open(sites, plan);
    const { clipNorm, valueBits } = plan.update;
    return decodeSum(sum, quantiserFor({ clipNorm, sites: this.round?.cohort.length ?? 0, valueBits }));
  }

  /** Collects the masked updates of `sites` and opens their sum: ring elements. */
  async open(sites: readonly string[], plan: RoundPlan): Promise<Int32Array> {
    const { round } = this;
    if (round === null) throw new Error('no round is running');
    await this.uploaded(sites);
    const survived = round.closeUploads();
    if (round.mode === 'active') await this.confirm(survived);
    const request = round.closeConsistency();
    for (const site of round.survivors) this.tell(site, { kind: 'revealRequest', ...request });
    for (const site of round.survivors) {
      const { kind: _kind, ...shares } = await this.message(site, 'revealedShares', plan.roundId);
      round.reveal(site, shares);
    }
    return round.unmask();
  }

  /** Lets every survivor sign who survived. */
  async confirm(request: ConsistencyRequest): Promise<void> {
    const { round } = this;
    if (round === null) throw new Error('no round is running');
    for (const site of round.survivors) this.tell(site, { kind: 'consistencyRequest', ...request });
    for (const site of round.survivors) {
      const { kind: _kind, ...signature } = await this.message(site, 'survivorSignature', request.roundId);
      round.confirm(site, signature);
    }
  }

  #changed(): void {
    for (const check of this.#waiting) check();
  }

  async #serveEnrolment(tls: Parameters<typeof startEnrolmentServer>[0]['tls']): Promise<ListeningServer> {
    const server = await startEnrolmentServer({
      host: '127.0.0.1',
      port: 0,
      tls,
      enrol: async (request) => {
        const site = this.#tokens.get(tokenDigest(request.token));
        if (site === undefined) throw new ProtocolError('invitation-used', 'This invitation was used already.');
        this.#tokens.delete(tokenDigest(request.token));
        this.#identities.set(site, request.identityKey);
        const siteId = parseSiteId(site);
        const certificate = await this.#authority.issueClient(siteId, request.certificateSigningRequest);
        return { siteId, federation: this.federation, certificate, planKey: this.planKey };
      },
    });
    this.#enrolmentPort = server.port;
    return server;
  }

  async #serve(tls: Parameters<typeof startFederationServer>[0]['tls'], port: number): Promise<ListeningServer> {
    const server = await startFederationServer({
      host: '127.0.0.1',
      port,
      tls,
      handlers: {
        authorise: () => undefined,
        session: (handle) => this.#session(handle),
        download: async (_peer, hash) => {
          const bytes = this.blobs.get(hash);
          if (bytes === undefined) throw new ProtocolError('not-found', `There is no ${hash}.`);
          return {
            totalBytes: bytes.length,
            read: async function* (offset) {
              yield bytes.subarray(offset);
            },
          };
        },
        upload: async ({ siteId }, header) => this.#upload(siteId, header),
        renew: (peer, request) => this.#authority.issueClient(peer.siteId, request),
      },
    });
    this.#federationPort = server.port;
    return server;
  }

  #session(handle: SessionHandle): { message(message: SiteMessage): void; closed(): void } {
    const site = handle.peer.siteId;
    return {
      message: (message) => {
        this.heard.push({ site, message });
        if (message.kind === 'hello' && this.#sessions.get(site) !== handle) {
          this.#sessions.set(site, handle);
          this.connections.set(site, (this.connections.get(site) ?? 0) + 1);
          handle.send({ kind: 'welcome', federation: this.federation, heartbeatSeconds: 1 });
        }
        this.#changed();
      },
      closed: () => {
        if (this.#sessions.get(site) === handle) this.#sessions.delete(site);
      },
    };
  }

  #upload(site: string, header: UploadHeader) {
    this.onUpload(site);
    if (this.round === null) throw new ProtocolError('wrong-state', 'No round is running.');
    const sink = this.round.beginUpload(site, header);
    const kept: Uint8Array[] = [];
    return {
      chunk: async (index: number, data: Uint8Array) => {
        if (sink.chunk(index, data)) kept.push(data);
      },
      complete: async () => {
        await sink.complete(kept);
        this.#uploaded.add(site);
        this.#changed();
      },
      aborted: () => undefined,
    };
  }
}
