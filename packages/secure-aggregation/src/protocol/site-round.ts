import { AggregationError } from '../errors.ts';
import type { SiteFloor } from '../group-parameters.ts';
import type { Identity } from '../keys/identity.ts';
import { secureRandom, type RandomSource } from '../keys/random.ts';
import type {
  ConsistencyRequest,
  KeyAdvertisement,
  KeyRoster,
  RevealedShare,
  RevealedShares,
  RevealRequest,
  SealedShares,
  ShareDelivery,
  SurvivorSignature,
} from '../messages.ts';
import { ringBitsFor } from '../ring/ring-width.ts';
import { finish, inTurns, nextTurn, type Steps, type YieldTurn } from '../turns.ts';
import { KeySchedule, selfMaskCommitment } from './key-schedule.ts';
import { assertChunkLength, DEFAULT_CHUNK_LENGTH, maskInPlace, type MaskedVector } from './masked-vector.ts';
import { neighboursIn } from './masking-graph.ts';
import { NONCE_BYTES, Roster } from './roster.ts';
import { assertRound, roundContext, type RoundContext } from './round-context.ts';
import type { SiteNumber } from './site-number.ts';
import {
  assertFloor,
  assertNeighbourhood,
  assertPresence,
  assertRegistered,
  assertSurvivors,
  assertWitnesses,
  findSelf,
  siteFloor,
} from './site-policy.ts';
import type { SiteSet } from './site-set.ts';
import { FreshSecrets, PeerSecrets, type HeldShares } from './site-secrets.ts';
import type { Sharing, SiteState } from './site-state.ts';
import { decodeSiteState, encodeSiteState, RESUMABLE_STEPS, type ResumableStep } from './site-state-codec.ts';
import {
  keysStatement,
  maskedStatement,
  revealStatement,
  sharesStatement,
  signStatement,
  survivorsStatement,
} from './transcript.ts';

export interface SiteRoundOptions extends RoundContext {
  readonly siteId: string;
  readonly identity: Identity;
  /** The site's own policy. */
  readonly floor: SiteFloor;
  /**
   * Identity keys of all the sites that may take part, known by another way than the coordinator (a roster signed by a
   * registrar). A key roster with any other site or key is refused. Without them the coordinator vouches for identities.
   */
  readonly registeredIdentities?: ReadonlyMap<string, Uint8Array>;
  readonly random?: RandomSource;
}

/**
 * One site's part in one round of secure aggregation (Bonawitz et al., CCS 2017, figure 4, every message signed; in a large flat
 * cohort on a sparse graph, Bell et al., CCS 2020). Call, in this order and once each: `advertise`, `share`, `receiveShares`,
 * `mask`, in active groups `confirm`, and
 * `reveal`.
 *
 * A message whose content is wrong is refused with an AggregationError, and the refusal is final: every later call throws
 * `abandoned`, so a coordinator learns nothing by trying again. A call out of turn throws `wrong-state` (`already-masked`
 * and `already-revealed` where it matters most) and changes nothing. To send a message again, keep it: the second call
 * that would make another one does not exist. A site that loses its state drops out of the round. So that a crash does not
 * lose it, `export` what a step has led to and have it on disk before the step's message leaves; `resume` goes on from there.
 *
 * Memory: the vector handed to `mask`, less than a kilobyte for each neighbour, and the ids of the cohort.
 */
export class SiteRound {
  readonly #context: RoundContext;
  readonly #siteId: string;
  readonly #identity: Identity;
  readonly #floor: SiteFloor;
  readonly #registered: ReadonlyMap<string, Uint8Array> | null;
  readonly #random: RandomSource;
  #state: SiteState = { step: 'begun' };

  private constructor(options: SiteRoundOptions) {
    this.#context = roundContext(options);
    this.#siteId = options.siteId;
    this.#identity = options.identity;
    this.#floor = siteFloor(options.floor);
    this.#registered = options.registeredIdentities ?? null;
    if (this.#registered === null && this.#floor.minimumRosterFraction !== 0) {
      throw new AggregationError('malformed', 'A share of the sites that a registrar lists needs a registrar’s list.');
    }
    this.#random = options.random ?? secureRandom;
  }

  /** @throws AggregationError `malformed` */
  static begin(options: SiteRoundOptions): SiteRound {
    return new SiteRound(options);
  }

  /**
   * Goes on from what `export` gave. `reached` is the furthest step that the site knows of from a record of its own that
   * `exported` is no part of: an older state is one that was rolled back, and could give a second, different answer.
   *
   * @throws AggregationError `malformed`, `wrong-round`, `wrong-plan`, `rolled-back`
   */
  static resume(options: SiteRoundOptions, exported: Uint8Array, reached: ResumableStep): SiteRound {
    const round = new SiteRound(options);
    const state = decodeSiteState(exported, round.#context, options.siteId);
    if (state.step !== 'abandoned' && placeOf(state.step) < placeOf(reached)) {
      throw new AggregationError(
        'rolled-back',
        `This site has been in step '${reached}' of round ${round.#context.roundId}; its state is of step '${state.step}'.`,
      );
    }
    round.#state = state;
    return round;
  }

  /**
   * All that `resume` needs, as it is now. Secret until the vector is masked, confidential until the round ends: it goes
   * to disk encrypted, and is deleted when the round is over. What a step has used up is not in it, so that nothing is
   * given twice: after `mask` no seed, after `reveal` no share.
   *
   * @throws AggregationError `wrong-state` before `advertise`
   */
  export(): Uint8Array {
    return encodeSiteState(this.#state, this.#context, this.#siteId);
  }

  /** R0. Makes the round's keys and its self mask seed, and says what can be said of them. */
  advertise(): KeyAdvertisement {
    this.#in('begun');
    const secrets = FreshSecrets.make(this.#random);
    const body = {
      roundId: this.#context.roundId,
      siteId: this.#siteId,
      channelKey: secrets.channelPair.publicKey,
      maskKey: secrets.maskPair.publicKey,
      selfMaskCommitment: selfMaskCommitment(secrets.selfMask),
      nonce: this.#random(NONCE_BYTES),
    };
    const own = { ...body, signature: this.#sign(keysStatement(body)) };
    this.#state = { step: 'advertised', own, secrets };
    return own;
  }

  /**
   * R1. Checks the roster, then shares both secrets out among the site's neighbourhood.
   *
   * @throws AggregationError as `Roster.verify`, and `not-included`, `unknown-identity`, `too-few-sites`, `weak-key`
   */
  async share(message: KeyRoster): Promise<SealedShares> {
    const { own, secrets } = this.#in('advertised');
    this.#state = { step: 'sharing' };
    try {
      const roster = Roster.verify(this.#context, message, this.#siteId);
      const self = findSelf(roster, own, this.#identity.publicKey);
      if (this.#registered !== null) {
        assertRegistered(roster, this.#registered);
        assertPresence(roster, this.#registered, this.#floor);
      }
      assertFloor(roster.parameters, this.#floor, roster.ids.length, 'advertised keys');

      const schedule = new KeySchedule(this.#context.planHash, roster.hash);
      const peers = PeerSecrets.agree(secrets, roster, self, schedule);
      const selfSeed = schedule.selfSeed(secrets.selfMask, self);
      const shares = await secrets.split(roster.graph.neighbourhood(self), roster.parameters.threshold);
      const body = { roundId: this.#context.roundId, rosterHash: roster.hash, shares: peers.seal(shares) };
      const signature = this.#sign(sharesStatement(body));
      this.#state = { step: 'shared', roster, self, peers, selfSeed, ownShares: shares.get(self)! };
      return { ...body, signature };
    } catch (error) {
      throw this.#abandon(error);
    }
  }

  /**
   * R2. Opens and keeps the shares its neighbours entrust to this site, and learns with whom it masks (U2).
   *
   * @throws AggregationError `wrong-round`, `malformed`, `not-included`, `too-few-sites`, `wrong-share`, `bad-share`
   *   (its `sites` names the sender)
   */
  receiveShares(message: ShareDelivery): void {
    const { roster, self, peers, selfSeed, ownShares } = this.#in('shared');
    try {
      assertRound(this.#context, message.roundId);
      const sharingSites = roster.sites(message.sharingSites);
      if (!sharingSites.has(self)) {
        throw new AggregationError(
          'not-included',
          `${this.#siteId} shared its secrets but is not among those that did.`,
        );
      }
      assertFloor(roster.parameters, this.#floor, sharingSites.size, 'shared their secrets');
      assertNeighbourhood(roster, self, sharingSites, 'shared their secrets');
      const held = openShares(message, sharingSites, self, peers, roster);
      held.set(self, ownShares);
      this.#state = { step: 'ready', roster, self, peers, selfSeed, ownShares, sharingSites, held };
    } catch (error) {
      throw this.#abandon(error);
    }
  }

  /**
   * R2. Masks `vector` in place and hands it back in chunks: the caller's array becomes the masked vector, so that no
   * second copy exists and the plain values are gone (the chunks of a ring of fewer than 32 bits are packed beside it).
   * Works once; the chunks can be read again and again. All at once: with a hundred sites half a second for each million
   * elements.
   *
   * @param vector the round's `length` ring elements
   * @param chunkLength ring elements per chunk; the last chunk may be shorter
   * @throws AggregationError `malformed` (the round goes on), `already-masked`
   */
  mask(vector: Int32Array, chunkLength: number = DEFAULT_CHUNK_LENGTH): MaskedVector {
    return finish(this.#masking(vector, chunkLength));
  }

  /**
   * `mask` in turns with other work of the thread, for one that has an event loop to keep going. The round counts as masked
   * from the call on; if `yieldTurn` throws, the vector is lost and the site drops out.
   *
   * @param yieldTurn awaited after some 15 ms of work each
   */
  async maskInTurns(
    vector: Int32Array,
    yieldTurn: YieldTurn = nextTurn,
    chunkLength: number = DEFAULT_CHUNK_LENGTH,
  ): Promise<MaskedVector> {
    return inTurns(this.#masking(vector, chunkLength), yieldTurn);
  }

  *#masking(vector: Int32Array, chunkLength: number): Steps<MaskedVector> {
    if (MASKED.has(this.#state.step)) {
      throw new AggregationError(
        'already-masked',
        'A round masks one vector: its masks would give away the difference.',
      );
    }
    const { roster, self, peers, selfSeed, sharingSites, held } = this.#in('ready');
    if (vector.length !== this.#context.length) {
      throw new AggregationError('malformed', `The plan has ${this.#context.length} elements, not ${vector.length}.`);
    }
    assertChunkLength(chunkLength);
    const ringBits = ringBitsFor(roster.ringSites, this.#context.valueBits);
    // First of all, so that no failure below can lead to masking twice.
    this.#state = { step: 'masked', roster, self, sharingSites, held };

    const pairs = peers.pairMasks(sharingSites);
    const seeds = { added: [selfSeed, ...pairs.added], subtracted: pairs.subtracted };
    const { chunks, chunkHashes } = yield* maskInPlace(vector, seeds, chunkLength, ringBits);
    const { roundId, planHash, length } = this.#context;
    const body = { roundId, planHash, length, chunkHashes, rosterHash: roster.hash };
    return { header: { ...body, signature: this.#sign(maskedStatement(body, sharingSites)) }, chunks };
  }

  /**
   * R3, in active groups. Signs the survivors it is told, one set only. The caller keeps on disk that it has, before the
   * signature leaves.
   *
   * @throws AggregationError `wrong-round`, `malformed`, `unknown-survivor`, `declared-dropped`, `too-few-sites`,
   *   `already-confirmed`, `wrong-state` (a passive group)
   */
  confirm(request: ConsistencyRequest): SurvivorSignature {
    if (this.#state.step === 'confirmed' || this.#state.step === 'revealed') {
      throw new AggregationError(
        'already-confirmed',
        'A site signs one set of survivors a round: two signed sets could both reach the threshold.',
      );
    }
    const { step: _step, ...sharing } = this.#in('masked');
    const { roster, sharingSites } = sharing;
    if (roster.parameters.mode === 'passive') {
      throw new AggregationError('wrong-state', `A group of ${roster.ids.length} signs no survivors.`);
    }
    try {
      const survivors = this.#survivors(sharing, request);
      this.#state = { step: 'confirmed', ...sharing, survivors };
      const { roundId } = this.#context;
      return { roundId, signature: this.#sign(survivorsStatement(roundId, roster.hash, sharingSites, survivors)) };
    } catch (error) {
      throw this.#abandon(error);
    }
  }

  /**
   * R4. For each neighbour in U2, and itself, one of the two shares this site holds: of the self mask if it survived, of the
   * mask key if not. Answers one request only, and in active groups only one that enough of the signers have signed; the
   * site's own signature need not be among them.
   *
   * @throws AggregationError `wrong-round`, `malformed`, `unknown-survivor`, `declared-dropped`, `too-few-sites`,
   *   `split-view`, `unconfirmed`, `bad-signature`, `already-revealed`
   */
  reveal(request: RevealRequest): RevealedShares {
    if (this.#state.step === 'revealed') {
      throw new AggregationError(
        'already-revealed',
        'A round reveals once: a second answer could complete both secrets.',
      );
    }
    const state = this.#state.step === 'confirmed' ? this.#state : this.#in('masked');
    const { roster, sharingSites, held } = state;
    try {
      const survivors = this.#survivors(state, request);
      if ('survivors' in state && !state.survivors.equals(survivors)) {
        throw new AggregationError('split-view', 'These are not the survivors that this site has signed.');
      }
      assertWitnesses(this.#context, roster, sharingSites, survivors, request.witnesses);
      this.#state = { step: 'revealed' };
      const shares = Array.from(held.keys())
        .sort((a, b) => a - b)
        .map((of) => oneShare(of, held.get(of)!, survivors.has(of)));
      const body = { roundId: this.#context.roundId, shares };
      return { ...body, signature: this.#sign(revealStatement(body, roster.hash, survivors)) };
    } catch (error) {
      throw this.#abandon(error);
    }
  }

  /** Most sites that a sum may have, for `quantiserFor`; null until the roster is known. */
  get ringSites(): number | null {
    return 'roster' in this.#state ? this.#state.roster.ringSites : null;
  }

  /** U3 out of a message, once it is one that this site may see revealed. */
  #survivors({ roster, self, sharingSites }: Sharing, request: ConsistencyRequest): SiteSet {
    assertRound(this.#context, request.roundId);
    const survivors = roster.sites(request.survivors);
    assertSurvivors(roster, self, sharingSites, survivors);
    assertFloor(roster.parameters, this.#floor, survivors.size, 'survived');
    assertNeighbourhood(roster, self, survivors, 'survived');
    return survivors;
  }

  #sign(statement: Parameters<typeof signStatement>[3]): Uint8Array {
    return signStatement(this.#identity, this.#context, this.#siteId, statement);
  }

  #in<Step extends SiteState['step']>(step: Step): Extract<SiteState, { step: Step }> {
    const state = this.#state;
    if (state.step === 'abandoned') {
      throw new AggregationError('abandoned', `This site left round ${this.#context.roundId}: ${state.reason}`);
    }
    if (state.step !== step) {
      throw new AggregationError(
        'wrong-state',
        `The round is in step '${state.step}'; this belongs to step '${step}'.`,
      );
    }
    return state as Extract<SiteState, { step: Step }>;
  }

  /** Drops every secret together with the state that held it. */
  #abandon(error: unknown): unknown {
    this.#state = { step: 'abandoned', reason: error instanceof Error ? error.message : String(error) };
    return error;
  }
}

/** The steps in which the site's one vector is masked. */
const MASKED: ReadonlySet<SiteState['step']> = new Set(['masked', 'confirmed', 'revealed']);

function placeOf(step: SiteState['step']): number {
  return RESUMABLE_STEPS.findIndex((resumable) => resumable === step);
}

/** @throws AggregationError `wrong-share` if not exactly one came from every peer, `bad-share` if one does not open */
function openShares(
  message: ShareDelivery,
  sharingSites: SiteSet,
  self: SiteNumber,
  peers: PeerSecrets,
  roster: Roster,
): Map<SiteNumber, HeldShares> {
  const senders = neighboursIn(roster.graph, self, sharingSites);
  const complete =
    message.shares.length === senders.length &&
    message.shares.every(({ from, to }, index) => from === senders[index] && to === self);
  if (!complete) {
    throw new AggregationError('wrong-share', 'The delivery is not one share from each site that goes on, in order.');
  }
  return new Map(
    message.shares.map(({ ciphertext }, index) => {
      const from = senders[index]!;
      const shares = peers.open(from, ciphertext);
      if (shares) return [from, shares] as const;
      const siteId = roster.member(from).siteId;
      throw new AggregationError('bad-share', `The share from ${siteId} does not open.`, [siteId]);
    }),
  );
}

/** Never both: with both of a survivor's secrets its vector lies open. */
function oneShare(of: SiteNumber, held: HeldShares, survived: boolean): RevealedShare {
  return survived
    ? { of, share: { kind: 'self-mask', value: held.selfMask } }
    : { of, share: { kind: 'mask-key', value: held.maskKey } };
}
