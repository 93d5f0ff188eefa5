import { generateIdentityKey, identityFromPrivateKey, type Identity } from '../keys/identity.ts';
import type { SiteFloor } from '../group-parameters.ts';
import type { KeyRoster, RevealRequest } from '../messages.ts';
import type { MaskedVector } from '../protocol/masked-vector.ts';
import type { RoundContext } from '../protocol/round-context.ts';
import { CoordinatorRound } from '../protocol/coordinator-round.ts';
import { SiteRound, type SiteRoundOptions } from '../protocol/site-round.ts';
import type { SiteNumber } from '../protocol/site-number.ts';
import { SiteSet } from '../protocol/site-set.ts';
import { signStatement, survivorsStatement } from '../protocol/transcript.ts';

const FLOOR: SiteFloor = { minimumSites: 3, minimumThresholdFraction: 0.5 };

export interface TestSite {
  readonly siteId: string;
  readonly identity: Identity;
  readonly round: SiteRound;
}

/** Identities are slow to make and have no part in what the tests vary: site k has the same one everywhere. */
const identities: Identity[] = [];

export function identityOf(index: number): Identity {
  return (identities[index] ??= identityFromPrivateKey(generateIdentityKey()));
}

export function siteIdOf(index: number): string {
  return `site-${String(index).padStart(3, '0')}`;
}

/**
 * A coordinator and its sites in one process. Each phase is told who still takes part, so
 * that a test can lose sites where it likes.
 */
export class TestFederation {
  readonly planHash: Uint8Array;
  readonly roundId: string;
  readonly context: RoundContext;
  readonly coordinator: CoordinatorRound;
  readonly sites: readonly TestSite[];
  /** What the coordinator has seen, once keys and shares are closed. */
  roster: KeyRoster | undefined;
  rosterHash: Uint8Array = new Uint8Array();
  /** U2, roster numbers; empty until shares are closed. */
  sharing: readonly number[] = [];

  constructor(
    count: number,
    length: number,
    override: (index: number) => Partial<SiteRoundOptions> = () => ({}),
    planHash: Uint8Array = new Uint8Array(32).fill(7),
    valueBits?: number,
    roundId = 'round-1',
  ) {
    this.planHash = planHash;
    this.roundId = roundId;
    const indices = Array.from({ length: count }, (_, index) => index);
    this.context = { roundId: this.roundId, planHash: this.planHash, length, valueBits };
    this.sites = indices.map((index) => {
      const siteId = siteIdOf(index);
      const identity = identityOf(index);
      const round = SiteRound.begin({ ...this.context, siteId, identity, floor: FLOOR, ...override(index) });
      return { siteId, identity, round };
    });
    this.coordinator = CoordinatorRound.begin({
      ...this.context,
      sites: new Map(this.sites.map(({ siteId, identity }) => [siteId, identity.publicKey])),
    });
  }

  async advertiseAndShare(advertising: readonly TestSite[], sharing: readonly TestSite[]): Promise<void> {
    for (const site of advertising) this.coordinator.advertise(site.round.advertise());
    this.roster = this.coordinator.closeKeys();
    for (const site of sharing) {
      const sealed = await site.round.share(this.roster);
      this.coordinator.shares(site.siteId, sealed);
      this.rosterHash = sealed.rosterHash;
    }
    const deliveries = this.coordinator.closeShares();
    this.sharing = deliveries.get(sharing.at(0)!.siteId)!.sharingSites;
    for (const site of sharing) site.round.receiveShares(deliveries.get(site.siteId)!);
  }

  async upload(site: TestSite, vector: Int32Array, chunkLength?: number): Promise<MaskedVector> {
    const masked = site.round.mask(vector, chunkLength);
    const sink = this.coordinator.beginUpload(site.siteId, masked.header);
    let index = 0;
    for (const chunk of masked.chunks) sink.chunk(index++, chunk);
    await sink.complete(masked.chunks);
    return masked;
  }

  /** Closes uploads and lets these sites, or all survivors, sign who survived. */
  confirmSurvivors(sites?: readonly TestSite[]): RevealRequest {
    const request = this.coordinator.closeUploads();
    if (this.coordinator.mode === 'active') {
      const survivors = this.sites.filter(({ siteId }) => this.coordinator.survivors.includes(siteId));
      for (const { siteId, round } of sites ?? survivors) this.coordinator.confirm(siteId, round.confirm(request));
    }
    return this.coordinator.closeConsistency();
  }

  /** What a coordinator would ask that has got these sites to sign a set of survivors of its choice. */
  requestFor(survivors: readonly number[], signers: readonly number[] = survivors): RevealRequest {
    const sharing = SiteSet.of(this.sharing as readonly SiteNumber[]);
    const survived = SiteSet.of(survivors as readonly SiteNumber[]);
    const statement = survivorsStatement(this.roundId, this.rosterHash, sharing, survived);
    const witnesses = signers.map((site) => {
      const { identity, siteId } = this.sites.at(site)!;
      return { site, signature: signStatement(identity, this.context, siteId, statement) };
    });
    return { roundId: this.roundId, survivors, witnesses };
  }

  /** Everything up to the point where the survivors are signed, with nobody lost. */
  async untilConfirmed(vector: (index: number) => Int32Array): Promise<RevealRequest> {
    await this.untilUploaded(vector);
    return this.confirmSurvivors();
  }

  /** Everything up to the last upload, with nobody lost. */
  async untilUploaded(vector: (index: number) => Int32Array): Promise<void> {
    await this.advertiseAndShare(this.sites, this.sites);
    for (const [index, site] of this.sites.entries()) await this.upload(site, vector(index));
  }
}

/** The error's code, for `expect(codeOf(() => ...)).toBe('...')`; undefined if nothing was thrown. */
export function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

export async function rejectionCodeOf(action: Promise<unknown>): Promise<string | undefined> {
  return action.then(
    () => undefined,
    (error: unknown) => (error as { code?: string }).code,
  );
}
