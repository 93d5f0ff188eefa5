import { decodeTranscript, parsePlan, planHash, planMasking, planQuantiser } from '@noren/protocol';
import type {
  CoordinatorMessage,
  Hash,
  PlanMasking,
  RoundPlan,
  SiteId,
  SiteMessage,
  UploadHeader,
} from '@noren/protocol';
import {
  auditTranscript,
  encodeUpdate,
  generateIdentityKey,
  identityFromPrivateKey,
  recordDelivery,
  recordReveal,
  recordShares,
  recordSurvivors,
  recordVector,
  SiteRound,
  siteRecord,
} from '@noren/secure-aggregation';
import type { SiteRecord as SignedRecord, TranscriptAudit } from '@noren/secure-aggregation';

/** What a scripted site does at a point of the round; the default is what an honest site does. */
export interface Script {
  /** The update it pretends to have re-learned. */
  update(plan: RoundPlan): Float32Array;
  /** Examples behind it. */
  readonly examples: number;
  /** NDCG difference it reports. */
  readonly difference: number;
  /** What it does once the keys are exchanged: upload, cut the connection, or nothing. */
  readonly afterKeys: 'uploads' | 'vanishes' | 'stalls';
  /** Changes what it says, for sites that lie. */
  readonly say: (message: SiteMessage) => SiteMessage;
}

/** A site's way to its coordinator, over the network or within the process. */
export interface SiteLink {
  send(message: SiteMessage): void;
  upload(header: UploadHeader, chunks: readonly Uint8Array[]): Promise<void>;
  download(hash: Hash): Promise<Uint8Array>;
  close(): void;
}

export interface SiteRecord {
  readonly received: CoordinatorMessage['kind'][];
  /** The ring vector before masking, by round. */
  readonly quantised: Map<number, Int32Array>;
  readonly closings: Extract<CoordinatorMessage, { kind: 'roundClosed' }>[];
  readonly candidates: Uint8Array[];
  /** What the transcript of its group said of what it had signed, by round; null where it was told of none. */
  readonly audits: Map<number, TranscriptAudit | null>;
}

/** Updates of norm below the clip, another one for each site. */
export function honestScript(index: number, change: Partial<Script> = {}): Script {
  const update = ({ vectorLength }: RoundPlan): Float32Array =>
    Float32Array.from({ length: vectorLength }, (_, place) => 0.01 * Math.sin(place + index));
  const say = (message: SiteMessage): SiteMessage => message;
  return { update, examples: 20 * (index + 1), difference: 0.02, afterKeys: 'uploads', say, ...change };
}

/** A site without an agent: it speaks the protocol and masks for real, but re-learns nothing. */
export class ScriptedSite {
  readonly id: SiteId;
  readonly record: SiteRecord = { received: [], quantised: new Map(), closings: [], candidates: [], audits: new Map() };
  script: Script;
  link: SiteLink | null = null;
  /** The last masked update, for sending it again. */
  masked: { readonly header: UploadHeader; readonly chunks: readonly Uint8Array[] } | null = null;
  readonly #identityKey: string = generateIdentityKey();
  #round: {
    readonly plan: RoundPlan;
    readonly hash: Uint8Array;
    readonly masking: SiteRound;
    readonly context: PlanMasking;
    signed: SignedRecord;
    shared: boolean;
    delivered: boolean;
  } | null = null;
  /** What was said last and may have to be said again after a lost connection. */
  #awaiting: readonly SiteMessage[] = [];
  #uploading = false;
  #signed = false;
  #revealed = false;

  constructor(id: SiteId, script: Script) {
    this.id = id;
    this.script = script;
  }

  /** Ed25519, 32 bytes. */
  get publicKey(): Uint8Array {
    return identityFromPrivateKey(this.#identityKey).publicKey;
  }

  /** Of the round that it is in, or was in last. */
  get plan(): RoundPlan | null {
    return this.#round?.plan ?? null;
  }

  disconnect(): void {
    const { link } = this;
    this.link = null;
    link?.close();
  }

  send(message: SiteMessage): void {
    this.link?.send(this.script.say(message));
  }

  async receive(message: CoordinatorMessage): Promise<void> {
    this.record.received.push(message.kind);
    switch (message.kind) {
      case 'roundOffer':
        return this.#join(message.plan);
      case 'keyRoster':
        if (this.#round === null || this.#round.shared) return;
        this.#round.shared = true;
        return this.#share(message);
      case 'shareDelivery':
        // Repeated when the connection was lost meanwhile.
        if (this.#round === null || this.#round.delivered) return;
        this.#round.delivered = true;
        this.#awaiting = [];
        this.#round.masking.receiveShares(message);
        this.#round.signed = recordDelivery(this.#round.signed, message);
        if (this.script.afterKeys === 'uploads') return this.upload();
        return this.script.afterKeys === 'vanishes' ? this.disconnect() : undefined;
      case 'consistencyRequest':
        if (this.#round === null || this.#signed) return;
        this.#signed = true;
        this.#round.signed = recordSurvivors(this.#round.signed, message);
        return this.#say({ kind: 'survivorSignature', ...this.#round.masking.confirm(message) });
      case 'revealRequest':
        if (this.#round === null || this.#revealed) return;
        this.#revealed = true;
        return this.#reveal(message);
      case 'candidateAnnouncement':
        if (this.link === null) return;
        this.#awaiting = [];
        this.record.candidates.push(await this.link.download(message.candidateHash));
        await this.#audit(message.transcriptHash);
        return this.#report(message);
      case 'roundClosed':
        this.record.closings.push(message);
        // Of a survey. Whoever drives the sites may stop them at the round's end.
        if (this.#round === null || this.record.audits.has(this.#round.plan.round)) return;
        return this.#audit(message.transcriptHash).catch(() => undefined);
      case 'welcome':
        for (const said of this.#awaiting) this.send(said);
        // The round may have ended meanwhile.
        return this.#uploading ? this.#deliver().catch(() => undefined) : undefined;
    }
  }

  /** Masks the update and sends it. */
  async upload(): Promise<void> {
    if (this.#round === null) return;
    const { plan, hash, masking } = this.#round;
    const { maximumWeight } = plan.update;
    const weight = Math.min(this.script.examples, maximumWeight) / maximumWeight;
    const quantiser = planQuantiser(plan, hash, masking.ringSites ?? 0);
    const vector = encodeUpdate(this.script.update(plan), weight, quantiser);
    this.record.quantised.set(plan.round, vector.slice());
    const { header, chunks } = masking.mask(vector);
    this.#round.signed = recordVector(this.#round.signed, header);
    this.masked = { header, chunks: [...chunks] };
    await this.#deliver();
  }

  /** Sends the masked update, which is the same however often. An attempt that its connection does not outlive ends. */
  async #deliver(): Promise<void> {
    const { link, masked } = this;
    if (masked === null) return;
    this.#uploading = true;
    await link?.upload(masked.header, masked.chunks);
    if (link === this.link && link !== null) this.#uploading = false;
  }

  async #share(roster: Extract<CoordinatorMessage, { kind: 'keyRoster' }>): Promise<void> {
    const round = this.#round;
    if (round === null) return;
    const shares = await round.masking.share(roster);
    round.signed = recordShares(round.signed, round.context, roster, shares);
    this.#say({ kind: 'sealedShares', ...shares });
  }

  #reveal(request: Extract<CoordinatorMessage, { kind: 'revealRequest' }>): void {
    const round = this.#round;
    if (round === null) return;
    const shares = round.masking.reveal(request);
    round.signed = recordReveal(round.signed, request, shares);
    this.#say({ kind: 'revealedShares', ...shares });
  }

  async #audit(hash: Hash | null): Promise<void> {
    const [round, { link }] = [this.#round, this];
    if (round === null || link === null) return;
    const transcript = hash === null ? null : decodeTranscript(await link.download(hash));
    this.record.audits.set(round.plan.round, transcript === null ? null : auditTranscript(transcript, round.signed));
  }

  #say(...messages: SiteMessage[]): void {
    this.#awaiting = messages;
    for (const message of messages) this.send(message);
  }

  #join(bytes: Uint8Array): void {
    const plan = parsePlan(bytes);
    const { roundId } = plan;
    if (this.#round?.plan.roundId === roundId) return;
    const hash = planHash(bytes);
    const context = planMasking(plan, hash, null);
    const masking = SiteRound.begin({
      ...context,
      siteId: this.id,
      identity: identityFromPrivateKey(this.#identityKey),
      floor: { minimumSites: 3, minimumThresholdFraction: 0.5 },
    });
    const keys = masking.advertise();
    this.#round = { plan, hash, masking, context, signed: siteRecord(context, keys), shared: false, delivered: false };
    [this.#uploading, this.#signed, this.#revealed] = [false, false, false];
    const accepted = { kind: 'offerReply', roundId, accepted: true, reason: '' } as const;
    this.#say(accepted, { kind: 'keyAdvertisement', ...keys });
  }

  #report({ roundId, candidateHash }: Extract<CoordinatorMessage, { kind: 'candidateAnnouncement' }>): void {
    const same = { mean: 0.3, low: 0.2, high: 0.4 };
    this.send({
      kind: 'evaluationReport',
      roundId,
      candidateHash,
      customers: 50,
      chosen: 'federated',
      adopted: true,
      explanation: 'better',
      scores: [{ strategy: 'federated', ndcg: same, hr: same }],
      differenceMean: this.script.difference,
      differenceStandardError: 0.001,
    });
  }
}
