import { AggregationError, type AggregationErrorCode } from '../errors.ts';
import type {
  ConsistencyRequest,
  KeyAdvertisement,
  KeyRoster,
  MaskedHeader,
  RevealedShares,
  RevealRequest,
  SealedShares,
  ShareDelivery,
  SurvivorSignature,
} from '../messages.ts';
import type { MaskRemoval } from '../masks/mask-removal.ts';
import type { YieldTurn } from '../turns.ts';
import { CoordinatorRound, type CoordinatorRoundOptions } from './coordinator-round.ts';
import type { SumTranscript } from './sum-transcript.ts';
import type { UploadSink } from './upload.ts';

/** A group that came to no sum; the others go on without it. */
export interface GroupFailure {
  readonly code: AggregationErrorCode;
  readonly reason: string;
}

/** What became of one group. */
export interface GroupOutcome {
  /** U1 of the group, ascending. */
  readonly sites: readonly string[];
  /** U3; empty if the group failed before its uploads were closed. */
  readonly survivors: readonly string[];
  /** Centred ring elements; null if the group failed. */
  readonly sum: Int32Array | null;
  readonly failure: GroupFailure | null;
  /** Sites that revealed false shares, without which the sum was opened. */
  readonly falseWitnesses: readonly string[];
  /** What the sum rests on; of a group that failed, that there is none. */
  readonly transcript: SumTranscript;
}

interface Group {
  readonly round: CoordinatorRound;
  failure: GroupFailure | null;
}

/** What a phase's end has for each site that goes on. */
type Messages<Message> = ReadonlyMap<string, Message>;

/**
 * The coordinator's part in a round whose cohort is divided into groups: a `CoordinatorRound` for each, closed together. Its
 * calls are those of one group. A group with too few sites at the end of a phase, or whose shares do not open its sum, fails
 * alone; its sites have no further part. `close...` throws what the last failing group threw only if no group is left.
 *
 * Memory: one accumulator for each group, and that of `CoordinatorRound`.
 */
export class GroupedRound {
  readonly #whole: CoordinatorRound;
  #groups: readonly Group[] = [];
  #groupOf: ReadonlyMap<string, Group> = new Map();

  private constructor(options: CoordinatorRoundOptions) {
    this.#whole = CoordinatorRound.begin(options);
  }

  /** @throws AggregationError `malformed` */
  static begin(options: CoordinatorRoundOptions): GroupedRound {
    return new GroupedRound(options);
  }

  /** R0. @throws AggregationError as `CoordinatorRound.advertise` */
  advertise(message: KeyAdvertisement): void {
    this.#whole.advertise(message);
  }

  /** Fixes U1 and draws the groups; each site gets its group's roster. @throws AggregationError `too-few-sites`, `too-many-sites` */
  closeKeys(): Messages<KeyRoster> {
    const divided = this.#whole.closeKeysInGroups();
    this.#groups = divided.map(({ round }) => ({ round, failure: null }));
    this.#groupOf = new Map(this.#groups.flatMap((group) => group.round.cohort.map((siteId) => [siteId, group])));
    return new Map(divided.flatMap(({ rosters }) => Array.from(rosters)));
  }

  /** R1. @throws AggregationError as `CoordinatorRound.shares` */
  shares(siteId: string, message: SealedShares): void {
    this.#live(siteId).shares(siteId, message);
  }

  /** Fixes U2 of every group. @throws AggregationError `too-few-sites` */
  closeShares(): Messages<ShareDelivery> {
    return new Map(this.#close((round) => round.closeShares()).flatMap((deliveries) => Array.from(deliveries)));
  }

  /** R2. @throws AggregationError as `CoordinatorRound.beginUpload` */
  beginUpload(siteId: string, header: MaskedHeader): UploadSink {
    return this.#live(siteId).beginUpload(siteId, header);
  }

  /** Fixes U3 of every group. @throws AggregationError `too-few-sites`, `spoilt-sum` */
  closeUploads(): Messages<ConsistencyRequest> {
    return toSurvivors(this.#close((round) => ({ request: round.closeUploads(), survivors: round.survivors })));
  }

  /** R3, in active groups. @throws AggregationError as `CoordinatorRound.confirm` */
  confirm(siteId: string, message: SurvivorSignature): void {
    this.#live(siteId).confirm(siteId, message);
  }

  /** Fixes who vouches for U3. @throws AggregationError `unconfirmed` */
  closeConsistency(): Messages<RevealRequest> {
    return toSurvivors(this.#close((round) => ({ request: round.closeConsistency(), survivors: round.survivors })));
  }

  /** R4. @throws AggregationError as `CoordinatorRound.reveal` */
  reveal(siteId: string, message: RevealedShares): void {
    this.#live(siteId).reveal(siteId, message);
  }

  /**
   * Opens the sums one after the other, so that whoever has decoded one can let it go. A group that cannot be opened is a
   * group that failed.
   *
   * @param yieldTurn, maskRemoval as `CoordinatorRound.unmask`; one `RemovalThreads` serves all groups
   */
  async *unmask(yieldTurn?: YieldTurn, maskRemoval?: MaskRemoval): AsyncGenerator<GroupOutcome, void, undefined> {
    for (const group of this.#groups) {
      const sum = group.failure ? null : await opened(group, yieldTurn, maskRemoval);
      const { cohort: sites, survivors, falseWitnesses, transcript } = group.round;
      yield { sites, survivors, sum, failure: group.failure, falseWitnesses, transcript: transcript! };
    }
  }

  /** Sites of the largest group, for `quantiserFor`; null until keys are closed. */
  get ringSites(): number | null {
    return this.#groups[0]?.round.ringSites ?? null;
  }

  /** The sites of each group, and why it failed if it has. */
  get groups(): readonly Pick<GroupOutcome, 'sites' | 'survivors' | 'failure'>[] {
    return this.#groups.map(({ round, failure }) => ({ sites: round.cohort, survivors: round.survivors, failure }));
  }

  /** Gives a group up, for a reason of the caller's: its sites have no further part. Harmless for one that failed already. */
  abandon(group: number, reason: string): void {
    const given = this.#groups[group];
    if (given !== undefined) given.failure ??= { code: 'abandoned', reason };
  }

  /** Whether the site signs the survivors: in all groups but those of three. */
  confirms(siteId: string): boolean {
    return this.#groupOf.get(siteId)?.round.mode === 'active';
  }

  /** The round of the site's group. @throws AggregationError `unknown-site` */
  #live(siteId: string): CoordinatorRound {
    const group = this.#groupOf.get(siteId);
    if (group && group.failure === null) return group.round;
    throw new AggregationError('unknown-site', `${siteId} is not, or no longer, in this round.`, [siteId]);
  }

  #close<Result>(end: (round: CoordinatorRound) => Result): readonly Result[] {
    let last: unknown;
    const results: Result[] = [];
    for (const group of this.#groups.filter(({ failure }) => failure === null)) {
      try {
        results.push(end(group.round));
      } catch (error) {
        last = error;
        if (!isFatalToGroup(error)) throw error;
        // Alone a group may still be saved by a late message, so it keeps its phase; among others it is given up.
        if (this.#groups.length > 1) group.failure = { code: error.code, reason: error.message };
      }
    }
    if (results.length === 0) throw last ?? new AggregationError('wrong-state', 'The round has no group.');
    return results;
  }
}

async function opened(group: Group, yieldTurn?: YieldTurn, maskRemoval?: MaskRemoval): Promise<Int32Array | null> {
  try {
    return await group.round.unmask(yieldTurn, maskRemoval);
  } catch (error) {
    if (!(error instanceof AggregationError)) throw error;
    group.failure = { code: error.code, reason: error.message };
    return null;
  }
}

const FATAL_TO_A_GROUP: ReadonlySet<AggregationErrorCode> = new Set(['too-few-sites', 'unconfirmed', 'spoilt-sum']);

function isFatalToGroup(error: unknown): error is AggregationError {
  return error instanceof AggregationError && FATAL_TO_A_GROUP.has(error.code);
}

function toSurvivors<Message>(
  closed: readonly { readonly request: Message; readonly survivors: readonly string[] }[],
): Messages<Message> {
  return new Map(closed.flatMap(({ request, survivors }) => survivors.map((siteId) => [siteId, request] as const)));
}
