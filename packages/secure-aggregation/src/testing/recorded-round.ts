import type { Identity } from '../keys/identity.ts';
import { GroupedRound } from '../protocol/grouped-round.ts';
import type { RoundContext } from '../protocol/round-context.ts';
import {
  recordDelivery,
  recordReveal,
  recordShares,
  recordSurvivors,
  recordVector,
  siteRecord,
  type SiteRecord,
} from '../protocol/site-record.ts';
import { SiteRound } from '../protocol/site-round.ts';
import type { SumTranscript } from '../protocol/sum-transcript.ts';
import { identityOf, siteIdOf } from './federation.ts';

/** Where sites, by their index, stop taking part. */
export interface Losses {
  readonly beforeShares?: readonly number[];
  readonly beforeUpload?: readonly number[];
  readonly beforeConfirming?: readonly number[];
  readonly beforeReveal?: readonly number[];
}

/** A round of one sum that was opened, with what each of its sites has kept of it. */
export interface RecordedRound {
  readonly context: RoundContext;
  readonly sites: readonly { readonly siteId: string; readonly identity: Identity }[];
  readonly records: readonly SiteRecord[];
  readonly transcript: SumTranscript;
}

export async function recordedRound(
  count: number,
  losses: Losses = {},
  change: Partial<RoundContext> = {},
): Promise<RecordedRound> {
  const context = { roundId: 'round-1', planHash: new Uint8Array(32).fill(7), length: 5, ...change };
  const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
  const sites = Array.from({ length: count }, (_, index) => {
    const [siteId, identity] = [siteIdOf(index), identityOf(index)];
    return { siteId, identity, round: SiteRound.begin({ ...context, siteId, identity, floor }) };
  });
  const identities = new Map(sites.map(({ siteId, identity }) => [siteId, identity.publicKey]));
  const coordinator = GroupedRound.begin({ ...context, sites: identities });
  const records: SiteRecord[] = [];
  const without = (...lost: (readonly number[] | undefined)[]): number[] =>
    Array.from(sites.keys()).filter((index) => !lost.flat().includes(index));

  for (const { round } of sites) {
    const keys = round.advertise();
    coordinator.advertise(keys);
    records.push(siteRecord(context, keys));
  }
  const rosters = coordinator.closeKeys();
  const sharing = without(losses.beforeShares);
  for (const index of sharing) {
    const { siteId, round } = sites[index]!;
    const roster = rosters.get(siteId)!;
    const shares = await round.share(roster);
    coordinator.shares(siteId, shares);
    records[index] = recordShares(records[index]!, context, roster, shares);
  }
  const deliveries = coordinator.closeShares();
  const uploading = without(losses.beforeShares, losses.beforeUpload);
  for (const index of sharing) {
    const { siteId, round } = sites[index]!;
    const delivery = deliveries.get(siteId)!;
    round.receiveShares(delivery);
    records[index] = recordDelivery(records[index]!, delivery);
    if (!uploading.includes(index)) continue;
    const { header, chunks } = round.mask(new Int32Array(context.length).fill(index));
    const sink = coordinator.beginUpload(siteId, header);
    Array.from(chunks).forEach((chunk, at) => sink.chunk(at, chunk));
    await sink.complete(chunks);
    records[index] = recordVector(records[index]!, header);
  }
  const requested = coordinator.closeUploads();
  for (const index of without(losses.beforeShares, losses.beforeUpload, losses.beforeConfirming)) {
    const { siteId, round } = sites[index]!;
    if (!coordinator.confirms(siteId)) continue;
    const survived = requested.get(siteId)!;
    coordinator.confirm(siteId, round.confirm(survived));
    records[index] = recordSurvivors(records[index]!, survived);
  }
  const requests = coordinator.closeConsistency();
  for (const index of without(losses.beforeShares, losses.beforeUpload, losses.beforeReveal)) {
    const { siteId, round } = sites[index]!;
    const request = requests.get(siteId)!;
    const shares = round.reveal(request);
    coordinator.reveal(siteId, shares);
    records[index] = recordReveal(records[index]!, request, shares);
  }
  const { value } = await coordinator.unmask().next();
  if (value?.failure !== null) throw new Error(value?.failure.reason);
  return { context, sites, records, transcript: value.transcript };
}
