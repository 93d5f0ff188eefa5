import { setImmediate as nextTurn } from 'node:timers/promises';
import { readSignedRoster, type ActivityName, type Hash, type SiteMessage } from '@noren/protocol';
import type { ConsistencyRequest, KeyRoster, RevealRequest, ShareDelivery } from '@noren/secure-aggregation';
import { AgentError } from '../agent-error.ts';
import { dataJob, servedModel, type AgentParts } from '../agent-parts.ts';
import { reasonOf } from '../audit/judge-transcript.ts';
import { writeSigned } from '../audit/signed-file.ts';
import type { TranscriptAuditor } from '../audit/transcript-auditor.ts';
import { writeAtomically } from '../home/atomic-file.ts';
import type { ParticipationStage } from '../home/state.ts';
import { testsWithinYear } from '../home/gate-tests.ts';
import { sha256 } from '../ledger/chain.ts';
import { joinedWithinDay, judgePlan, type Judgement } from '../policy/judge.ts';
import { dataAsset } from '../policy/policy.ts';
import type { Evaluation, NoiseJob, Relearned, RoundJob, TaskWatch } from '../relearning/trainer.ts';
import type { PaidTree } from '../privacy-ledger/privacy-ledger.ts';
import { roundCost } from '../privacy-ledger/round-cost.ts';
import type { Adoption } from './adoption.ts';
import { checkBackbone, checkRelease } from './artifacts.ts';
import type { Link } from './link.ts';
import { Masking, type MaskedUpdate, type MaskingSetting, type Registered } from './masking.ts';
import type { VerifiedPlan } from './offer.ts';
import { checkRoster } from './site-roster.ts';
import type { KeptSecrets } from './cut-off-round.ts';
import type { KeptStage, VaultedRound } from './round-vault.ts';
import { ProgressReports } from './progress-reports.ts';
import { reportFor } from './report.ts';

export type LinkToCoordinator = Pick<Link, 'send' | 'greet' | 'transfer'>;

/** One round's work at this site. The round machine says which method is next; a rejection ends the contribution. */
export class RunningRound {
  readonly roundId: string;
  readonly #offer: VerifiedPlan;
  readonly #parts: AgentParts;
  readonly #link: LinkToCoordinator;
  readonly #progress: ProgressReports;
  readonly #auditor: TranscriptAuditor;
  readonly #contribution = new AbortController();
  readonly #whole = new AbortController();
  readonly #vault: VaultedRound;
  #registered: Registered = { members: null, roster: null };
  #masking: Masking | null = null;
  #masked: MaskedUpdate | null = null;
  #job: Promise<RoundJob> | null = null;
  #evaluated: { readonly candidate: Hash; readonly evaluation: Evaluation } | null = null;
  #awaiting: readonly SiteMessage[] = [];
  #forgotten: Promise<void> = Promise.resolve();

  constructor(offer: VerifiedPlan, parts: AgentParts, link: LinkToCoordinator, auditor: TranscriptAuditor) {
    this.roundId = offer.plan.roundId;
    this.#offer = offer;
    this.#parts = parts;
    this.#link = link;
    this.#auditor = auditor;
    this.#vault = parts.vault.round(offer.plan.roundId);
    this.#progress = new ProgressReports((activity, fraction) => {
      link.send({ kind: 'progress', roundId: offer.plan.roundId, activity, fraction });
    }, parts.now);
  }

  /**
   * Takes the round up where a crash cut it off. Throws AggregationError: `rolled-back` when the site has been further
   * than what was kept.
   */
  restore({ round, registered, reached, signed }: KeptSecrets): void {
    const { masking, awaiting, masked } = round;
    this.#registered = registered;
    this.#masking = Masking.resume(this.#setting(), masking, reached, signed);
    this.#masked = masked;
    this.#awaiting = awaiting;
  }

  /** Reads the data and holds the plan against the policy. */
  async judge(): Promise<Judgement> {
    const { trainer, config, memory, now, site, privacyLedger } = this.#parts;
    const summary = await trainer.inspect(dataJob(this.#parts), { signal: this.#whole.signal });
    const facts = {
      customers: summary.customers,
      now: now(),
      joined: memory.current.joined,
      siteId: site.siteId,
      source: config.data,
      spent: privacyLedger.history(dataAsset(config.policy)),
      paidTree: this.#paidTree(),
    };
    const policed = judgePlan(config.policy, this.#offer.plan, facts);
    const judgement = policed.accepted ? await this.#judgeRoster() : policed;
    // A refused plan counts for the chain, too; an accepted one is remembered together with the keys.
    if (!judgement.accepted) await this.#reach('seen');
    return judgement;
  }

  /**
   * Fetches the roster that the plan names and holds it against the site's registrar. A site without one takes only the group
   * seed from it: who the sites are, the coordinator tells it anyway.
   */
  async #judgeRoster(): Promise<Judgement> {
    const { config, memory, site, signer } = this.#parts;
    const { plan } = this.#offer;
    if (plan.roster === null) return { accepted: true };
    const { bytes } = await this.#fetch(plan.roster, this.#whole.signal);
    if (config.policy.registrarKey === null) {
      this.#registered = { members: null, roster: readSignedRoster(bytes).roster };
      return { accepted: true };
    }
    const check = checkRoster(bytes, plan, {
      registrarKey: new Uint8Array(Buffer.from(config.policy.registrarKey, 'hex')),
      federation: site.federation,
      siteId: site.siteId,
      identityKey: signer.publicKey,
      seen: memory.current.roster,
    });
    if (check.kind === 'refused') return { accepted: false, reason: check.reason };
    this.#registered = check;
    await memory.update((state) => ({ ...state, roster: check.seen }));
    return { accepted: true };
  }

  /** Accepts the offer, sends the round's keys and begins to prepare. */
  async join(): Promise<void> {
    const { layout } = this.#parts;
    const masking = Masking.begin(this.#setting());
    this.#masking = masking;
    const { roundId } = this.#offer.plan;
    const accepted = { kind: 'offerReply', roundId, accepted: true, reason: '' } as const;
    const said = [accepted, masking.advertise()];
    // On disk first: after a crash the site must know that it has keys out, and which.
    await writeAtomically(layout.round(this.roundId).plan, this.#offer.bytes);
    await this.#keep(masking, 'keys', said);
    this.#say(...said);
    await this.#prepare();
  }

  async share(roster: KeyRoster): Promise<void> {
    const masking = this.#secrets();
    const shares = await masking.share(roster);
    await this.#keep(masking, 'shared', [shares]);
    this.#say(shares);
  }

  /** Re-learns and masks. */
  async relearn(delivery: ShareDelivery): Promise<void> {
    const { config, layout } = this.#parts;
    this.#secrets().receiveShares(delivery);
    this.#awaiting = [];
    const job = await this.#prepare();
    // A round that was dropped meanwhile takes nothing any more from what the next one was judged by.
    this.#contribution.signal.throwIfAborted();
    // Before anything random happens: whatever becomes of the round, this may have been seen.
    this.#payPrivacy();
    const yieldTurn = async (): Promise<void> => {
      await nextTurn();
      this.#contribution.signal.throwIfAborted();
    };
    const quantised = await this.#quantise(job, yieldTurn);
    const masking = this.#secrets();
    if (config.keepUpdates) await writeAtomically(layout.round(this.roundId).update, new Uint8Array(quantised.buffer));
    const masked = await masking.mask(quantised, yieldTurn);
    this.#masked = masked;
    await this.#vault.keepVector(masked);
    // On disk before a byte of it leaves: after a crash the same bytes are sent, or none (secure aggregation, attack 8).
    await this.#keep(masking, 'masked', []);
  }

  /** Apart from `relearn`, so that the update is let go of before its quantised vector is masked and kept. */
  async #quantise(job: RoundJob, yieldTurn: () => Promise<void>): Promise<Int32Array> {
    const contribution = await this.#contribute(job);
    const { signal } = this.#contribution;
    const drawNoise = (noise: NoiseJob): Promise<Int32Array> => this.#parts.trainer.drawNoise(noise, { signal });
    return this.#secrets().quantise(contribution, drawNoise, yieldTurn);
  }

  /** What a round is for: an update, or a survey's measures, whose full figures stay in the home. */
  async #contribute(job: RoundJob): Promise<Relearned> {
    const { trainer, layout } = this.#parts;
    const watch = this.#watch('relearning', this.#contribution.signal);
    if (!this.#isSurvey) return trainer.relearn(job, watch);
    const surveyed = await trainer.survey(job, watch);
    await writeAtomically(layout.survey, surveyed.report);
    return surveyed;
  }

  /** Enters a private round into the privacy ledger; throws AgentError `budget-spent`, and then nothing is drawn. */
  #payPrivacy(): void {
    const { plan, hashHex } = this.#offer;
    const { config, privacyLedger } = this.#parts;
    if (plan.privacy == null) return;
    privacyLedger.spend({
      asset: dataAsset(config.policy),
      round: plan.roundId,
      plan: hashHex,
      ...roundCost(plan.privacy),
    });
  }

  #paidTree(): PaidTree | null {
    const { config, privacyLedger } = this.#parts;
    const place = this.#offer.plan.privacy?.mechanism?.place;
    return place === undefined ? null : privacyLedger.paidTree(dataAsset(config.policy), place.tree);
  }

  /** Sends the masked update, then trains what the gate will compare with while the others are still at work. */
  async upload(): Promise<void> {
    const { ledger, trainer } = this.#parts;
    const masked = this.#masked;
    if (masked === null) return;
    const { header, chunks, bytes } = masked;
    const { signal } = this.#contribution;
    await this.#link.transfer((connection) => {
      const content = { sha256: sha256(Buffer.concat(header.chunkHashes)) };
      ledger.record(
        { kind: this.#isSurvey ? 'survey' : 'upload', roundId: this.roundId, bytes, content },
        { durable: true },
      );
      return connection.upload(header, this.#counted(chunks, bytes), { signal });
    }, signal);
    this.#masked = null;
    if (this.#isSurvey) return;
    await trainer.trainReferences(await this.#prepare(), this.#watch('preparing', this.#whole.signal));
  }

  async confirm(request: ConsistencyRequest): Promise<void> {
    const masking = this.#secrets();
    const signed = masking.confirm(request);
    this.#masked = null;
    // On disk first: whatever happens to this process, it signs no second list (secure aggregation, attack 6).
    await this.#keep(masking, 'confirmed', [signed]);
    this.#say(signed);
  }

  async reveal(request: RevealRequest): Promise<void> {
    const masking = this.#secrets();
    const shares = masking.reveal(request);
    this.#masking = null;
    this.#masked = null;
    // The tombstone, which holds no share any more, goes to disk before the answer (secure aggregation, attack 4).
    await this.#keep(masking, 'revealed', [shares]);
    this.#say(shares);
  }

  /** @param transcript its hash, as the coordinator names it; null for none */
  async evaluate(candidate: string, transcript: string | null, adoption: Adoption): Promise<void> {
    const { trainer, layout, memory, now } = this.#parts;
    const { plan } = this.#offer;
    this.#awaiting = [];
    const hash = candidate as Hash;
    await this.#assertOwnSum(transcript as Hash | null);
    const job = await this.#prepare();
    const file = await this.#fetch(hash, this.#whole.signal);
    checkRelease(file.bytes, plan, 'candidate');
    const serving = servedModel(this.#parts);
    const earlier = testsWithinYear(memory.current.gateTests, now());
    const evaluation = await trainer.evaluate(
      { ...job, candidate: file.path, serving, gateTests: earlier },
      this.#watch('evaluating', this.#whole.signal),
    );
    if (this.#whole.signal.aborted) throw stopped();
    // Before anything is done with its result: a test counts, whatever becomes of the round.
    const { tested: model } = evaluation;
    const gateTests = model === null ? earlier : [...earlier, { at: now().toISOString(), round: plan.round, model }];
    await memory.update((state) => ({ ...state, gateTests }));
    const { accepted: _accepted, rejected: _rejected, ...figures } = evaluation;
    const record = { round: plan.round, roundId: plan.roundId, plan: plan.name, candidate, ...figures };
    await writeAtomically(layout.evaluation(this.roundId), `${JSON.stringify(record, null, 2)}\n`);
    await adoption.keep(plan, candidate, evaluation);
    this.#evaluated = { candidate: hash, evaluation };
  }

  /** A candidate of a sum that does not rest on what this site signed is not even looked at. Throws AgentError `audit-failed`. */
  async #assertOwnSum(transcript: Hash | null): Promise<void> {
    const audit = await this.#auditor.audit(this.roundId, transcript, this.#whole.signal);
    if (!audit.sound) throw new AgentError('audit-failed', reasonOf(audit));
  }

  async report(): Promise<void> {
    const { config } = this.#parts;
    if (this.#evaluated === null) return;
    const { candidate, evaluation } = this.#evaluated;
    const { plan } = this.#offer;
    // How customers fared would be told exactly; the round's privacy is about everything that leaves.
    const share = plan.privacy == null ? config.policy.evaluation : 'none';
    this.#say(reportFor(share, plan, candidate, evaluation));
  }

  withdraw(reason: string): void {
    this.#say({ kind: 'withdrawal', roundId: this.#offer.plan.roundId, reason: reason.slice(0, 500) });
  }

  /** A new connection is there: what was said last may not have arrived, and is said again byte for byte. */
  repeat(): void {
    for (const message of this.#awaiting) this.#link.send(message);
  }

  /** Stops contributing and forgets the secrets; the candidate can still be judged. */
  forget(): void {
    this.#contribution.abort(stopped());
    this.#masking = null;
    this.#masked = null;
    this.#job = null;
    this.#awaiting = [];
    this.#forgotten = this.#vault.forget();
  }

  /** Stops everything. */
  drop(): void {
    this.forget();
    this.#whole.abort(stopped());
  }

  get #isSurvey(): boolean {
    return this.#offer.plan.survey !== undefined;
  }

  get ended(): boolean {
    return this.#whole.signal.aborted;
  }

  #say(...messages: SiteMessage[]): void {
    this.#awaiting = messages;
    this.repeat();
  }

  /** Resolves when what was forgotten is gone from the disk, too. */
  get forgotten(): Promise<void> {
    return this.#forgotten;
  }

  #setting(): MaskingSetting {
    const { site, signer, config } = this.#parts;
    return {
      offer: this.#offer,
      siteId: site.siteId,
      identity: signer,
      policy: config.policy,
      registered: this.#registered,
    };
  }

  /** What the step has led to is on disk when this resolves: first the secrets, then, apart from them, how far it went. */
  async #keep(masking: Masking, stage: KeptStage, awaiting: readonly SiteMessage[]): Promise<void> {
    const [{ members }, masked] = [this.#registered, this.#masked];
    // First: what has been said must not be missing where the sum is audited.
    if (masking.record !== null) await writeSigned(this.#parts.layout.round(this.roundId).signed, masking.record);
    await this.#vault.keep({ stage, masking: masking.export(), awaiting, members, masked });
    await this.#reach(stage);
    // Forgotten meanwhile: what was about to be said must not be.
    if (this.#contribution.signal.aborted) throw stopped();
  }

  #secrets(): Masking {
    if (this.#masking === null) throw stopped();
    return this.#masking;
  }

  /** Fetches and checks backbone and release and prepares the data: once, whoever asks first. */
  #prepare(): Promise<RoundJob> {
    if (this.#job !== null) return this.#job;
    const job = this.#makeJob(this.#contribution.signal.aborted ? this.#whole.signal : this.#contribution.signal);
    this.#job = job;
    return job;
  }

  async #makeJob(signal: AbortSignal): Promise<RoundJob> {
    const { plan } = this.#offer;
    const { memory, blobs, site } = this.#parts;
    const rosters = plan.roster === null ? [] : [plan.roster];
    await blobs.keepOnly([plan.backbone, plan.release, ...rosters, memory.current.serving?.backbone ?? plan.backbone]);
    const backbone = await this.#fetch(plan.backbone, signal);
    checkBackbone(backbone.bytes, plan);
    // A survey measures at the backbone: the release in force has no part in it.
    if (!this.#isSurvey) checkRelease((await this.#fetch(plan.release, signal)).bytes, plan, 'release');
    const paths = { backbone: backbone.path, release: blobs.path(plan.release) };
    const job = { ...dataJob(this.#parts), site: site.siteId, plan, ...paths };
    // Features are made of the catalogue alone.
    const onProgress = (fraction: number): void => this.#progress.report('preparing', fraction);
    await this.#parts.trainer.prepare(job, { signal, onProgress });
    return job;
  }

  #fetch(hash: Hash, signal: AbortSignal): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
    const { blobs, ledger } = this.#parts;
    const fetched = (): Promise<Uint8Array> =>
      this.#link.transfer((connection) => {
        // The request says which file this site lacks; that is all it says.
        const content = Buffer.from(hash, 'hex');
        ledger.record({ kind: 'download', roundId: this.roundId, bytes: content.length, content });
        const onChunk = (received: number, total: number): void => {
          this.#progress.report('downloading', received / Math.max(1, total));
        };
        return connection.download(hash, { signal, onChunk });
      }, signal);
    return blobs.get(hash, fetched);
  }

  *#counted(chunks: readonly Uint8Array[], bytes: number): Iterable<Uint8Array> {
    let sent = 0;
    for (const chunk of chunks) {
      yield chunk;
      sent += chunk.length;
      this.#progress.report('uploading', sent / Math.max(1, bytes));
    }
  }

  /**
   * How far work on customers' data has come follows from the data: a training that stops early jumps to its end. In a private
   * round, where nothing exact leaves, only its beginning is told.
   */
  #watch(activity: ActivityName, signal: AbortSignal): TaskWatch {
    const isPrivate = this.#offer.plan.privacy != null;
    return { signal, onProgress: (fraction) => this.#progress.report(activity, isPrivate ? 0 : fraction) };
  }

  #reach(stage: ParticipationStage): Promise<void> {
    const { plan, hashHex } = this.#offer;
    const lastPlan = { round: plan.round, roundId: plan.roundId, hash: hashHex, stage };
    const now = this.#parts.now();
    return this.#parts.memory.update((state) => {
      const joined = joinedWithinDay(state.joined, now);
      return { ...state, lastPlan, joined: stage === 'keys' ? [...joined, now.toISOString()] : joined };
    });
  }
}

function stopped(): AgentError {
  return new AgentError('cancelled', 'the round is over for this site');
}
