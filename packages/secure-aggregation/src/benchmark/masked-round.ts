import { generateIdentityKey, identityFromPrivateKey } from '../keys/identity.ts';
import { addInto } from '../masks/ring.ts';
import type { MaskedVector } from '../protocol/masked-vector.ts';
import { GroupedRound } from '../protocol/grouped-round.ts';
import { SiteRound } from '../protocol/site-round.ts';
import { encodeUpdate, EXTRA_ELEMENTS, quantiserFor } from '../ring/quantiser.ts';
import { Stopwatch } from './stopwatch.ts';

export interface RoundSize {
  readonly sites: number;
  readonly parameters: number;
  /** Sites that are lost after they have shared their secrets: the place where it costs the coordinator most. */
  readonly dropouts: number;
  readonly valueBits?: number;
}

/** Times in ms. */
export interface MeasuredRound {
  readonly groups: number;
  /** Of all sites. */
  readonly keys: number;
  /** Of each site that uploads: clipping and quantising; masking, packing, hashing and signing. */
  readonly encode: readonly number[];
  readonly mask: readonly number[];
  /** Of all sites: signing who survived, checking who signed, revealing. */
  readonly reveal: number;
  /** Everything the coordinator does but `unmask`. */
  readonly relay: number;
  readonly unmask: number;
  /** One site's upload with its header. */
  readonly uploadBytes: number;
  /** Highest resident set seen after an upload. */
  readonly peakBytes: number;
}

/**
 * Runs a round with everything real but the network, one site after the other and holding one site's vector at a time, and
 * checks every group's sum.
 */
export async function measureRound(size: RoundSize): Promise<MeasuredRound> {
  const { sites: count, parameters, valueBits } = size;
  const context = {
    roundId: 'benchmark',
    planHash: new Uint8Array(32),
    length: parameters + EXTRA_ELEMENTS,
    valueBits,
    grouping: { seed: new Uint8Array(32), round: 1, groupSize: null },
  };
  const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
  const sites = new Map(
    Array.from({ length: count }, (_, index) => {
      const siteId = `site-${String(index).padStart(5, '0')}`;
      const identity = identityFromPrivateKey(generateIdentityKey());
      return [siteId, { identity, round: SiteRound.begin({ ...context, siteId, identity, floor }) }] as const;
    }),
  );
  const invited = new Map(Array.from(sites, ([siteId, { identity }]) => [siteId, identity.publicKey]));
  const coordinator = GroupedRound.begin({ ...context, sites: invited });
  const [keys, reveal, relay, unmask] = [new Stopwatch(), new Stopwatch(), new Stopwatch(), new Stopwatch()];
  const roundOf = (siteId: string): SiteRound => sites.get(siteId)!.round;

  for (const { round } of sites.values()) {
    const advertisement = keys.during(() => round.advertise());
    relay.during(() => coordinator.advertise(advertisement));
  }
  for (const [siteId, roster] of relay.during(() => coordinator.closeKeys())) {
    const sealed = await keys.duringAsync(() => roundOf(siteId).share(roster));
    relay.during(() => coordinator.shares(siteId, sealed));
  }
  const deliveries = relay.during(() => coordinator.closeShares());
  for (const [siteId, delivery] of deliveries) keys.during(() => roundOf(siteId).receiveShares(delivery));

  const quantiser = quantiserFor({ clipNorm: 1, sites: coordinator.ringSites!, valueBits });
  const update = Float32Array.from({ length: parameters }, (_, i) => Math.sin(i) / 1000);
  const expected = new Map(coordinator.groups.map(({ sites: group }) => [group, new Int32Array(context.length)]));
  const encode: number[] = [];
  const mask: number[] = [];
  let [uploadBytes, peakBytes] = [0, 0];
  for (const [index, siteId] of Array.from(sites.keys()).entries()) {
    if (isLost(index, size)) continue;
    const start = performance.now();
    const vector = encodeUpdate(update, 1, quantiser);
    encode.push(performance.now() - start);
    const [, sum] = Array.from(expected).find(([group]) => group.includes(siteId))!;
    addInto(sum, vector);
    const masking = performance.now();
    const masked = roundOf(siteId).mask(vector);
    mask.push(performance.now() - masking);
    uploadBytes = bytesOf(masked);
    await relay.duringAsync(() => upload(coordinator, siteId, masked));
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }

  for (const [siteId, survived] of relay.during(() => coordinator.closeUploads())) {
    if (!coordinator.confirms(siteId)) continue;
    const signature = reveal.during(() => roundOf(siteId).confirm(survived));
    relay.during(() => coordinator.confirm(siteId, signature));
  }
  for (const [siteId, request] of relay.during(() => coordinator.closeConsistency())) {
    const shares = reveal.during(() => roundOf(siteId).reveal(request));
    relay.during(() => coordinator.reveal(siteId, shares));
  }
  const sums: (Int32Array | null)[] = [];
  await unmask.duringAsync(async () => {
    for await (const { sum } of coordinator.unmask()) sums.push(sum);
  });
  // A fast wrong answer would be worth nothing.
  for (const [group, sum] of Array.from(expected.values()).entries()) {
    if (sum.some((element, i) => element !== sums[group]?.[i])) throw new Error('An unmasked sum is not the sum.');
  }
  return {
    groups: expected.size,
    keys: keys.milliseconds,
    encode,
    mask,
    reveal: reveal.milliseconds,
    relay: relay.milliseconds,
    unmask: unmask.milliseconds,
    uploadBytes,
    peakBytes,
  };
}

/** Spread over all sites, and so over the groups. */
function isLost(index: number, { sites, dropouts }: RoundSize): boolean {
  return Math.floor((index * dropouts) / sites) !== Math.floor(((index + 1) * dropouts) / sites);
}

async function upload(coordinator: GroupedRound, siteId: string, { header, chunks }: MaskedVector): Promise<void> {
  const sink = coordinator.beginUpload(siteId, header);
  let index = 0;
  for (const chunk of chunks) sink.chunk(index++, chunk);
  await sink.complete(chunks);
}

/** Chunks, their hashes, plan and roster hash, and the signature. */
function bytesOf({ header, chunks }: MaskedVector): number {
  const { chunkHashes, planHash, rosterHash, signature } = header;
  const parts = [...chunks, ...chunkHashes, planHash, rosterHash, signature];
  return parts.reduce((total, part) => total + part.length, 0);
}
