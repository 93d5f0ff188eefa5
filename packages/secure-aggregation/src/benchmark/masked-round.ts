import type { MaskRemoval } from '../masks/mask-removal.ts';
import type { KeyAdvertisement } from '../messages.ts';
import { GroupedRound } from '../protocol/grouped-round.ts';
import type { RoundContext } from '../protocol/round-context.ts';
import { EXTRA_ELEMENTS } from '../ring/quantiser.ts';
import { groupsOf } from '../topology/grouping.ts';
import { messageBytes } from './message-bytes.ts';
import { isLost, siteIdOf, type RoundSize } from './round-size.ts';
import type { SimulatedUpload, SitesTime } from './simulated-group.ts';
import type { RemoteGroup, SiteThreads } from './site-threads.ts';
import { processorMilliseconds, Stopwatch } from './stopwatch.ts';

/** Times in ms. */
export interface MeasuredRound {
  readonly groups: number;
  /** Of all sites: keys and shares; signing who survived, checking who signed, revealing. */
  readonly keys: number;
  readonly reveal: number;
  /** Of each site that uploads: clipping and quantising; masking, packing, hashing and signing. */
  readonly encode: readonly number[];
  readonly mask: readonly number[];
  /** Everything the coordinator does but `unmask`. */
  readonly relay: number;
  readonly unmask: number;
  /** Processor time while sites were at work, and while none was: the coordinator and the carrying of messages. */
  readonly sitesProcessor: number;
  readonly coordinatorProcessor: number;
  /** One site's upload with its header. */
  readonly uploadBytes: number;
  /** All that one site sends, its upload included, and all that it receives. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Most memory seen: the JavaScript heap and the buffers of the coordinator's thread; the whole process, sites included. */
  readonly coordinatorBytes: number;
  readonly peakBytes: number;
}

export interface RoundMachinery {
  readonly threads: SiteThreads;
  readonly maskRemoval: MaskRemoval;
  readonly progress: (what: string) => void;
}

/** Masked vectors in memory between a thread of sites and the coordinator, in bytes: at least one, whatever its size. */
const UPLOAD_BATCH = 2 ** 24;

/**
 * Runs a round with everything real but the network, and checks every group's sum. Sites are simulated in threads, whole
 * groups in each. Sites and coordinator take turns: while sites are at work the coordinator only waits, and while it works no
 * site does, so that neither's time has the other's in it.
 *
 * Memory: the sites of all groups (`SimulatedGroup`), the coordinator's part (`GroupedRound`), and 16 MiB of masked vectors
 * for each thread.
 *
 * @throws Error if a sum is not the sum: a fast wrong answer would be worth nothing
 */
export async function measureRound(size: RoundSize, machinery: RoundMachinery): Promise<MeasuredRound> {
  const siteIds = Array.from({ length: size.sites }, (_, index) => siteIdOf(index));
  const lost = new Set(siteIds.filter((_, index) => isLost(index, size)));
  const grouping = { seed: new Uint8Array(32), round: 1, groupSize: null, registered: null };
  const context: RoundContext = {
    roundId: 'benchmark',
    planHash: new Uint8Array(32),
    length: size.parameters + EXTRA_ELEMENTS,
    valueBits: size.valueBits,
    grouping,
  };
  const groups: GroupOfSites[] = [];
  for (const { sites: members } of groupsOf(grouping, siteIds)) {
    const sites = members.filter((siteId) => !lost.has(siteId));
    const remote = await machinery.threads.begin({ context, siteIds: members, lost });
    groups.push({ remote, siteIds: members, witness: sites[0]!, uploads: sites.length });
  }
  return new MeasuredCoordinator(context, groups, machinery).run();
}

interface GroupOfSites {
  readonly remote: RemoteGroup;
  readonly siteIds: readonly string[];
  /** The site whose messages are counted: one that is not lost. */
  readonly witness: string;
  readonly uploads: number;
}

/** What one site sends and receives, in bytes. */
class Traffic {
  sent = 0;
  received = 0;
}

class MeasuredCoordinator {
  readonly #context: RoundContext;
  readonly #groups: readonly GroupOfSites[];
  readonly #machinery: RoundMachinery;
  readonly #relay = new Stopwatch();
  readonly #unmask = new Stopwatch();
  readonly #traffic = new Traffic();
  #uploadBytes = 0;
  #sitesProcessor = 0;
  #coordinatorBytes = 0;
  #peakBytes = 0;

  constructor(context: RoundContext, groups: readonly GroupOfSites[], machinery: RoundMachinery) {
    this.#context = context;
    this.#groups = groups;
    this.#machinery = machinery;
  }

  async run(): Promise<MeasuredRound> {
    const before = processorMilliseconds();
    const coordinator = await this.#advertise();
    await this.#share(coordinator);
    await this.#upload(coordinator);
    await this.#confirm(coordinator);
    await this.#reveal(coordinator);
    const times = await this.#open(coordinator);
    const processor = processorMilliseconds() - before;
    const total = (of: 'keys' | 'reveal'): number => times.reduce((sum, time) => sum + time[of], 0);
    return {
      groups: this.#groups.length,
      keys: total('keys'),
      reveal: total('reveal'),
      encode: times.flatMap(({ encode }) => encode),
      mask: times.flatMap(({ mask }) => mask),
      relay: this.#relay.milliseconds,
      unmask: this.#unmask.milliseconds,
      sitesProcessor: this.#sitesProcessor,
      coordinatorProcessor: processor - this.#sitesProcessor,
      uploadBytes: this.#uploadBytes,
      sentBytes: this.#traffic.sent,
      receivedBytes: this.#traffic.received,
      coordinatorBytes: this.#coordinatorBytes,
      peakBytes: this.#peakBytes,
    };
  }

  async #advertise(): Promise<GroupedRound> {
    const keys: (readonly [KeyAdvertisement, Uint8Array])[] = [];
    const ask = ({ remote }: GroupOfSites): Promise<{ readonly keys: typeof keys }> => remote.ask({ ask: 'advertise' });
    await this.#inWaves('keys', ask, (answer) => {
      keys.push(...answer.keys);
    });
    const sites = new Map(keys.map(([{ siteId }, identityKey]) => [siteId, identityKey]));
    const coordinator = this.#relay.during(() => GroupedRound.begin({ ...this.#context, sites }));
    for (const [advertisement] of keys) {
      this.#relay.during(() => coordinator.advertise(advertisement));
      this.#sent(advertisement.siteId, advertisement);
    }
    return coordinator;
  }

  async #share(coordinator: GroupedRound): Promise<void> {
    const rosters = this.#relay.during(() => coordinator.closeKeys());
    await this.#inWaves(
      'shares',
      ({ remote, witness }) => remote.ask({ ask: 'share', roster: this.#received(witness, rosters.get(witness)!) }),
      ({ shares }) => {
        for (const [siteId, sealed] of shares) {
          this.#relay.during(() => coordinator.shares(siteId, sealed));
          this.#sent(siteId, sealed);
        }
      },
    );
    const deliveries = this.#relay.during(() => coordinator.closeShares());
    this.#received(this.#groups[0]!.witness, deliveries.get(this.#groups[0]!.witness)!);
    const receive = ({ remote, siteIds }: GroupOfSites): Promise<unknown> => {
      const own = new Map(siteIds.map((siteId) => [siteId, deliveries.get(siteId)!]));
      return remote.ask({ ask: 'receive', deliveries: own });
    };
    await this.#inWaves('deliveries', receive, () => undefined);
  }

  async #upload(coordinator: GroupedRound): Promise<void> {
    const bytes = this.#context.length * Int32Array.BYTES_PER_ELEMENT;
    const sites = Math.max(1, Math.floor(UPLOAD_BATCH / bytes));
    const most = Math.max(...this.#groups.map(({ uploads }) => uploads));
    for (let first = 0; first < most; first += sites) {
      await this.#inWaves(
        `uploads ${first + 1} to ${Math.min(most, first + sites)} of ${most} of each group`,
        ({ remote }) => remote.ask({ ask: 'upload', sites }),
        async ({ uploads }) => {
          for (const upload of uploads) {
            await this.#relay.duringAsync(() => take(coordinator, upload));
            this.#sent(upload.siteId, upload.header, upload.chunks);
            this.#uploadBytes = messageBytes([upload.header, upload.chunks]);
          }
        },
      );
    }
  }

  async #confirm(coordinator: GroupedRound): Promise<void> {
    const requests = this.#relay.during(() => coordinator.closeUploads());
    await this.#inWaves(
      'signatures',
      async ({ remote, witness }) => {
        if (!coordinator.confirms(witness)) return null;
        return remote.ask({ ask: 'confirm', request: this.#received(witness, requests.get(witness)!) });
      },
      (answer) => {
        for (const [siteId, signature] of answer?.signatures ?? []) {
          this.#relay.during(() => coordinator.confirm(siteId, signature));
          this.#sent(siteId, signature);
        }
      },
    );
  }

  async #reveal(coordinator: GroupedRound): Promise<void> {
    const requests = this.#relay.during(() => coordinator.closeConsistency());
    await this.#inWaves(
      'revealed shares',
      ({ remote, witness }) => remote.ask({ ask: 'reveal', request: this.#received(witness, requests.get(witness)!) }),
      ({ shares }) => {
        for (const [siteId, revealed] of shares) {
          this.#relay.during(() => coordinator.reveal(siteId, revealed));
          this.#sent(siteId, revealed);
        }
      },
    );
  }

  /** Opens one sum after the other and holds each against what its sites have masked. */
  async #open(coordinator: GroupedRound): Promise<readonly SitesTime[]> {
    const outcomes = coordinator.unmask(undefined, this.#machinery.maskRemoval);
    const times: SitesTime[] = [];
    for (const { remote } of this.#groups) {
      this.#machinery.progress(`sums, ${times.length + 1} of ${this.#groups.length}`);
      const next = await this.#unmask.duringAsync(() => outcomes.next());
      const { sum: expected, time } = await remote.ask({ ask: 'finish' });
      const opened = next.done === true ? null : next.value.sum;
      if (opened === null || !isSame(opened, expected)) throw new Error('An unmasked sum is not the sum.');
      times.push(time);
      this.#look();
    }
    return times;
  }

  /** As many groups at a time as there are threads; when all of them have answered the coordinator does its part. */
  async #inWaves<Answer>(
    what: string,
    ask: (group: GroupOfSites) => Promise<Answer>,
    take: (answer: Answer) => void | Promise<void>,
  ): Promise<void> {
    const { threads, progress } = this.#machinery;
    for (let first = 0; first < this.#groups.length; first += threads.size) {
      progress(`${what}, group ${first + 1} of ${this.#groups.length}`);
      const before = processorMilliseconds();
      const answers = await Promise.all(this.#groups.slice(first, first + threads.size).map(ask));
      this.#sitesProcessor += processorMilliseconds() - before;
      this.#look();
      for (const answer of answers) await take(answer);
      this.#look();
    }
  }

  #look(): void {
    const { rss, heapTotal, arrayBuffers } = process.memoryUsage();
    this.#coordinatorBytes = Math.max(this.#coordinatorBytes, heapTotal + arrayBuffers);
    this.#peakBytes = Math.max(this.#peakBytes, rss);
  }

  /** Counts what the first group's witness says. */
  #sent(siteId: string, ...message: readonly unknown[]): void {
    if (siteId === this.#groups[0]!.witness) this.#traffic.sent += messageBytes(message);
  }

  #received<Message>(siteId: string, message: Message): Message {
    if (siteId === this.#groups[0]!.witness) this.#traffic.received += messageBytes(message);
    return message;
  }
}

async function take(coordinator: GroupedRound, { siteId, header, chunks }: SimulatedUpload): Promise<void> {
  const sink = coordinator.beginUpload(siteId, header);
  chunks.forEach((chunk, index) => sink.chunk(index, chunk));
  await sink.complete(chunks);
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((element, i) => element === b[i]);
}
