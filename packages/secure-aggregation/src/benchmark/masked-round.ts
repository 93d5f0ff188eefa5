import { generateIdentityKey, identityFromPrivateKey } from '../keys/identity.ts';
import { addInto } from '../masks/ring.ts';
import type { MaskedVector } from '../protocol/masked-vector.ts';
import { CoordinatorRound } from '../protocol/coordinator-round.ts';
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

/** Runs one group's round with everything real but the network, holding one site's vector at a time, and checks the sum. */
export async function measureRound(size: RoundSize): Promise<MeasuredRound> {
  const { sites: count, parameters, dropouts, valueBits } = size;
  const context = {
    roundId: 'benchmark',
    planHash: new Uint8Array(32),
    length: parameters + EXTRA_ELEMENTS,
    valueBits,
  };
  const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
  const sites = Array.from({ length: count }, (_, index) => {
    const siteId = `site-${String(index).padStart(3, '0')}`;
    const identity = identityFromPrivateKey(generateIdentityKey());
    return { siteId, identity, round: SiteRound.begin({ ...context, siteId, identity, floor }) };
  });
  const invited = new Map(sites.map(({ siteId, identity }) => [siteId, identity.publicKey]));
  const coordinator = CoordinatorRound.begin({ ...context, sites: invited });
  const [keys, reveal, relay, unmask] = [new Stopwatch(), new Stopwatch(), new Stopwatch(), new Stopwatch()];

  for (const { round } of sites) {
    const advertisement = keys.during(() => round.advertise());
    relay.during(() => coordinator.advertise(advertisement));
  }
  const roster = relay.during(() => coordinator.closeKeys());
  for (const { siteId, round } of sites) {
    const sealed = await keys.duringAsync(() => round.share(roster));
    relay.during(() => coordinator.shares(siteId, sealed));
  }
  const deliveries = relay.during(() => coordinator.closeShares());
  for (const { siteId, round } of sites) keys.during(() => round.receiveShares(deliveries.get(siteId)!));

  const quantiser = quantiserFor({ clipNorm: 1, sites: count, valueBits });
  const update = Float32Array.from({ length: parameters }, (_, i) => Math.sin(i) / 1000);
  const expected = new Int32Array(context.length);
  const survivors = sites.slice(dropouts);
  const encode: number[] = [];
  const mask: number[] = [];
  let [uploadBytes, peakBytes] = [0, 0];
  for (const { siteId, round } of survivors) {
    const start = performance.now();
    const vector = encodeUpdate(update, 1, quantiser);
    encode.push(performance.now() - start);
    addInto(expected, vector);
    const masking = performance.now();
    const masked = round.mask(vector);
    mask.push(performance.now() - masking);
    uploadBytes = bytesOf(masked);
    relay.during(() => upload(coordinator, siteId, masked));
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }

  const survived = relay.during(() => coordinator.closeUploads());
  for (const { siteId, round } of survivors) {
    if (coordinator.mode === 'passive') break;
    const signature = reveal.during(() => round.confirm(survived));
    relay.during(() => coordinator.confirm(siteId, signature));
  }
  const request = relay.during(() => coordinator.closeConsistency());
  for (const { siteId, round } of survivors) {
    const shares = reveal.during(() => round.reveal(request));
    relay.during(() => coordinator.reveal(siteId, shares));
  }
  const sum = await unmask.duringAsync(() => coordinator.unmask());
  // A fast wrong answer would be worth nothing.
  if (sum.some((element, i) => element !== expected[i])) throw new Error('The unmasked sum is not the sum.');
  return {
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

function upload(coordinator: CoordinatorRound, siteId: string, { header, chunks }: MaskedVector): void {
  const sink = coordinator.beginUpload(siteId, header);
  let index = 0;
  for (const chunk of chunks) sink.chunk(index++, chunk);
  sink.complete();
}

/** Chunks, their hashes, plan and roster hash, and the signature. */
function bytesOf({ header, chunks }: MaskedVector): number {
  const { chunkHashes, planHash, rosterHash, signature } = header;
  const parts = [...chunks, ...chunkHashes, planHash, rosterHash, signature];
  return parts.reduce((total, part) => total + part.length, 0);
}
