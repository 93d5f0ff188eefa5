import { isDeepStrictEqual } from 'node:util';

import { decodeSiteMessage, decodeUploadMessage, planMasking } from '@noren/protocol';
import type { RoundPlan, SiteId, SiteRoster, UploadHeader } from '@noren/protocol';
import type { UploadSink } from '@noren/secure-aggregation';

import { CoordinatorError } from '../coordinator-error.ts';
import { ROUND_LOG_VERSION } from '../round-log/log-record.ts';
import type { BeginningRecord, InputRecord, RoundLogRecord } from '../round-log/log-record.ts';
import type { UploadSpool } from '../round-log/upload-spool.ts';
import { MaskedSum } from './masked-sum.ts';
import { askedIn, RoundCourse } from './round-course.ts';
import type { Effect } from './round-course.ts';
import { plannedRound } from './round-machine.ts';
import { roundRules } from './round-rules.ts';

/** What makes a round, the same after a restart. */
export interface RoundOrigin {
  readonly plan: RoundPlan;
  readonly planHash: Uint8Array;
  /** The registrar's, which the plan names; null in a federation without. */
  readonly roster: SiteRoster | null;
  /** Ed25519 identity key of every site that may take part. */
  readonly identityKeys: ReadonlyMap<SiteId, Uint8Array>;
}

export function beginCourse({ plan, planHash, roster, identityKeys }: RoundOrigin): RoundCourse {
  const masking = planMasking(plan, planHash, roster);
  const rules = roundRules(plan, masking.grouping);
  const sum = new MaskedSum({ ...masking, sites: identityKeys });
  return new RoundCourse(plannedRound({ id: plan.roundId, number: plan.round, rules }), sum);
}

/** The log's first record and the rest. Throws CoordinatorError `round-log-unusable`. */
export function beginningOf(records: readonly RoundLogRecord[]): {
  readonly beginning: BeginningRecord;
  readonly inputs: readonly InputRecord[];
} {
  const [beginning, ...inputs] = records;
  if (beginning?.kind !== 'begun' || inputs.some(({ kind }) => kind !== 'input'))
    throw unusable('its log has no beginning');
  // Read as a number: another version of this program may have written it.
  const version: number = beginning.version;
  if (version !== ROUND_LOG_VERSION) {
    throw unusable(
      `its log is of version ${version}, and this program goes on with those of version ${ROUND_LOG_VERSION}`,
    );
  }
  return { beginning, inputs: inputs.filter((record) => record.kind === 'input') };
}

/**
 * Makes a round again from its log: the same inputs at the same times lead to the same state, the same sets of sites and,
 * from the spooled vectors, the same sum. Once the sum was opened nothing of the masking is needed, and none is made.
 *
 * Throws CoordinatorError `round-log-unusable`, `blob-missing` or `blob-damaged`.
 */
export async function replayRound(
  origin: RoundOrigin,
  inputs: readonly InputRecord[],
  spool: UploadSpool,
): Promise<{ readonly course: RoundCourse; readonly effects: readonly Effect[] }> {
  const begun = beginCourse(origin);
  const isOpen = inputs.some(({ input }) => input.kind === 'opened');
  const course = isOpen ? new RoundCourse(begun.state, null) : begun;
  const masking = new MaskingReplay(course.sum, spool);
  const effects: Effect[] = [];
  for (const record of inputs) {
    await masking.take(record);
    const came = course.take(record.input, record.at);
    if (!isOpen && !isDeepStrictEqual(askedIn(came), record.frozen)) {
      throw unusable('its log does not lead to the sets of sites that it says were asked');
    }
    effects.push(...came);
  }
  return { course, effects };
}

/** Gives the masking its messages and vectors again. */
class MaskingReplay {
  readonly #sum: MaskedSum | null;
  readonly #spool: UploadSpool;
  readonly #uploads = new Map<SiteId, { readonly header: UploadHeader; readonly sink: UploadSink }>();

  constructor(sum: MaskedSum | null, spool: UploadSpool) {
    this.#sum = sum;
    this.#spool = spool;
  }

  async take(record: InputRecord): Promise<void> {
    const { input, payload } = record;
    if (this.#sum === null) return;
    switch (input.kind) {
      case 'advertised':
      case 'shared':
      case 'confirmed':
      case 'revealed':
        return this.#message(this.#sum, input.site, payload);
      case 'uploading': {
        const message = decodeUploadMessage(payload);
        if (message.kind !== 'header') throw unusable(`the upload of ${input.site} has no header`);
        const { kind: _kind, ...header } = message;
        this.#uploads.set(input.site, { header, sink: this.#sum.upload(input.site, header) });
        return;
      }
      case 'uploaded':
        return this.#vector(input.site, record.chunks);
      default:
    }
  }

  #message(sum: MaskedSum, site: SiteId, payload: Uint8Array): void {
    const message = decodeSiteMessage(payload);
    switch (message.kind) {
      case 'keyAdvertisement':
      case 'sealedShares':
      case 'survivorSignature':
      case 'revealedShares':
        return sum.take(site, message);
      default:
        throw unusable(`its log has a message of ${site} that does not belong to the masking`);
    }
  }

  async #vector(site: SiteId, chunks: readonly number[]): Promise<void> {
    const upload = this.#uploads.get(site);
    if (upload === undefined) throw unusable(`the upload of ${site} has no header`);
    const { header, sink } = upload;
    let index = 0;
    for await (const chunk of this.#spool.read(site, header, chunks)) sink.chunk(index++, chunk);
    await sink.complete(this.#spool.read(site, header, chunks));
  }
}

export function unusable(why: string): CoordinatorError {
  return new CoordinatorError('round-log-unusable', `The round cannot go on: ${why}.`);
}
