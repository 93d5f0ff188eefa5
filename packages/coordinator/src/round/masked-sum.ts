import type { CoordinatorMessage, SiteId, SiteMessage, UploadHeader } from '@noren/protocol';
import { AggregationError, GroupedRound } from '@noren/secure-aggregation';
import type {
  ConsistencyRequest,
  CoordinatorRoundOptions,
  GroupOutcome,
  KeyRoster,
  MaskRemoval,
  RevealRequest,
  ShareDelivery,
  UploadSink,
} from '@noren/secure-aggregation';

import type { YieldTurn } from './aggregate.ts';

/** What a site says in the masking protocol, its upload aside. */
export type MaskingMessage = Extract<
  SiteMessage,
  { kind: 'keyAdvertisement' | 'sealedShares' | 'survivorSignature' | 'revealedShares' }
>;

type BySite<Message> = ReadonlyMap<string, Message>;

/** The secure aggregation of one round, in one group or several, with the messages kept that may have to be sent again. */
export class MaskedSum {
  readonly #round: GroupedRound;
  #rosters: BySite<KeyRoster> = new Map();
  #deliveries: BySite<ShareDelivery> = new Map();
  #survived: BySite<ConsistencyRequest> = new Map();
  #requests: BySite<RevealRequest> = new Map();
  #bytesUp = 0;

  constructor(options: CoordinatorRoundOptions) {
    this.#round = GroupedRound.begin(options);
  }

  /** Takes a verified answer in, or throws AggregationError: the sender broke the protocol. */
  take(site: SiteId, message: MaskingMessage): void {
    switch (message.kind) {
      case 'keyAdvertisement':
        if (message.siteId !== site)
          throw new AggregationError('unknown-site', `${site} advertised keys of another site.`);
        return this.#round.advertise(message);
      case 'sealedShares':
        return this.#round.shares(site, message);
      case 'survivorSignature':
        return this.#round.confirm(site, message);
      case 'revealedShares':
        return this.#round.reveal(site, message);
    }
  }

  /** Fixes U1. */
  closeKeys(): readonly string[] {
    this.#rosters = this.#round.closeKeys();
    return [...this.#rosters.keys()];
  }

  /** Fixes U2. */
  closeShares(): readonly string[] {
    this.#deliveries = this.#round.closeShares();
    return [...this.#deliveries.keys()];
  }

  /** Fixes U3; the sites that have to sign it. */
  closeUpdates(): readonly string[] {
    this.#survived = this.#round.closeUploads();
    return [...this.#survived.keys()].filter((site) => this.#round.confirms(site));
  }

  /** Fixes who vouches for U3. */
  closeConfirmations(): readonly string[] {
    this.#requests = this.#round.closeConsistency();
    return [...this.#requests.keys()];
  }

  /** Goes on without a group. */
  abandon(group: number, reason: string): void {
    this.#round.abandon(group, reason);
  }

  /** What the coordinator asks the site in this step; null before the step, or when there is nothing for the site. */
  question(site: SiteId, step: 'shares' | 'updates' | 'confirmations' | 'reveals'): CoordinatorMessage | null {
    switch (step) {
      case 'shares':
        return asked('keyRoster', this.#rosters.get(site));
      case 'updates':
        return asked('shareDelivery', this.#deliveries.get(site));
      case 'confirmations':
        return asked('consistencyRequest', this.#survived.get(site));
      case 'reveals':
        return asked('revealRequest', this.#requests.get(site));
    }
  }

  /** Throws AggregationError. The same sink again for the header that the site has already sent. */
  upload(site: SiteId, header: UploadHeader): UploadSink {
    const sink = this.#round.beginUpload(site, header);
    return {
      chunk: (index, data) => {
        const isNext = sink.chunk(index, data);
        this.#bytesUp += data.length;
        return isNext;
      },
      complete: (kept) => sink.complete(kept),
    };
  }

  /** Opens the groups' sums one after the other. */
  open(yieldTurn: YieldTurn, maskRemoval: MaskRemoval): AsyncGenerator<GroupOutcome, void, undefined> {
    return this.#round.unmask(yieldTurn, maskRemoval);
  }

  /** Bytes of masked updates received so far. */
  get bytesUp(): number {
    return this.#bytesUp;
  }
}

function asked<Kind extends string, Message extends object>(
  kind: Kind,
  message: Message | undefined,
): ({ kind: Kind } & Message) | null {
  return message === undefined ? null : { kind, ...message };
}
