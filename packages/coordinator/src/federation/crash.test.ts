import { CertificateAuthority, generateSigningKey, parseSiteId } from '@noren/protocol';
import type { PeerIdentity, SiteMessage } from '@noren/protocol';
import pino from 'pino';
import { beforeAll, expect, test, vi } from 'vitest';

import { BlobStore } from '../blobs/blob-store.ts';
import type { EventStore } from '../store/event-store.ts';
import { Journal } from '../store/journal.ts';
import { openSqliteEventStore } from '../store/sqlite-event-store.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { joined, linked } from '../testing/in-process-link.ts';
import { testBackbone, testPlan, testRelease, VECTOR_LENGTH } from '../testing/lineage.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { honestScript, ScriptedSite } from '../testing/scripted-site.ts';
import { Federation, STOPPED_IN_ROUND } from './federation.ts';

const NAMES = ['akita', 'beppu', 'chiba', 'date'];
const START = Date.parse('2025-06-01T00:00:00Z');

/** A coordinator whose process ends right after a record is on disk: nothing that rests on it happens any more. */
class MortalStore implements EventStore {
  readonly #store: EventStore;
  #left: number;
  written = 0;
  died: () => void = () => undefined;

  constructor(store: EventStore, recordsToLive: number) {
    this.#store = store;
    this.#left = recordsToLive;
  }

  async append(...change: Parameters<EventStore['append']>): ReturnType<EventStore['append']> {
    const events = await this.#store.append(...change);
    this.written += 1;
    this.#left -= 1;
    if (this.#left > 0) return events;
    this.died();
    return new Promise(() => {});
  }

  read(...range: Parameters<EventStore['read']>): ReturnType<EventStore['read']> {
    return this.#store.read(...range);
  }

  readRound(number: number): ReturnType<EventStore['readRound']> {
    return this.#store.readRound(number);
  }

  async close(): Promise<void> {}
}

interface Member {
  readonly site: ScriptedSite;
  readonly peer: PeerIdentity;
  /** Everything it has said about rounds. */
  readonly said: SiteMessage[];
}

const planKey = generateSigningKey();
let authority: CertificateAuthority;
let blobs: BlobStore;

beforeAll(async () => {
  authority = await CertificateAuthority.create('Test', new Date(START));
  blobs = await BlobStore.open(await temporaryFolder());
});

async function opened(store: EventStore): Promise<Federation> {
  const clock = new ManualClock(START);
  const journal = await Journal.open(store, () => clock.now());
  if (journal.state.sequence === 0) await journal.append({ kind: 'federation-created', id: '00ff', name: 'Test' });
  const log = pino({ level: 'silent' });
  return Federation.open({ journal, blobs, authority, planKey, clock, log, schedule: null });
}

/** A federation of four sites with a plan in force, in a log of its own. */
async function founded(): Promise<{ store: EventStore; members: Member[] }> {
  const store = await openSqliteEventStore(':memory:');
  const federation = await opened(store);
  await federation.registerBackbone(testBackbone());
  await federation.adoptPlan(testPlan(), testRelease());
  const members: Member[] = [];
  for (const [index, name] of NAMES.entries()) {
    const said: SiteMessage[] = [];
    const say = (message: SiteMessage): SiteMessage => {
      said.push(message);
      return message;
    };
    const site = new ScriptedSite(parseSiteId(name), honestScript(index, { say }));
    members.push({ site, peer: await joined(federation, site), said });
  }
  return { store, members };
}

function reconnect(federation: Federation, members: readonly Member[]): void {
  for (const { site, peer } of members) {
    site.disconnect();
    linked(federation, site, peer);
  }
}

async function runRound(federation: Federation): Promise<number> {
  const number = await federation.startRound();
  await federation.idle();
  return number;
}

test('killed after any record of a round, a coordinator ends that round by name and the next one sums exactly', async () => {
  const { store, members } = await founded();
  const whole = new MortalStore(store, Number.POSITIVE_INFINITY);
  const undisturbed = await opened(whole);
  reconnect(undisturbed, members);
  await runRound(undisturbed);
  // Planned, the phases from recruiting to evaluating, sum, candidate, four reports, the end.
  expect(whole.written).toBeGreaterThanOrEqual(13);

  for (let record = 1; record <= whole.written; record++) {
    await lastsUntil(record, whole.written);
  }
}, 120_000);

async function lastsUntil(record: number, records: number): Promise<void> {
  const { store, members } = await founded();
  const mortal = new MortalStore(store, record);
  const death = new Promise<void>((resolve) => (mortal.died = resolve));
  const first = await opened(mortal);
  reconnect(first, members);
  void first.startRound();
  await death;

  const second = await opened(store);
  const after = `after record ${record} of ${records}`;
  const ended = await second.round(1);
  expect(ended?.endedAt, after).not.toBeNull();
  if (ended?.outcome === 'failed') expect(ended.reason, after).toBe(STOPPED_IN_ROUND);
  else expect(record, 'only the last record ends a round well').toBe(records);

  reconnect(second, members);
  const number = await runRound(second);
  expect(await second.round(number), after).toMatchObject({ outcome: 'accepted', survivors: NAMES });
  expect(await sumInForce(second), after).toEqual(sumOfUpdates(members, number));
  for (const { site, said } of members) expectOncePerRound(said, `${site.id} ${after}`);
  await vi.waitFor(() => expect(members.every(({ site }) => site.record.closings.length > 0)).toBe(true));
}

/** No key, share, signature or reveal is ever made twice for one round: the sites would have given two secrets away. */
function expectOncePerRound(said: readonly SiteMessage[], who: string): void {
  for (const kind of ['keyAdvertisement', 'sealedShares', 'survivorSignature', 'revealedShares'] as const) {
    const rounds = said.flatMap((message) => (message.kind === kind ? [message.roundId] : []));
    expect(new Set(rounds).size, `${who}: ${kind}`).toBe(rounds.length);
  }
}

async function sumInForce(federation: Federation): Promise<Int32Array> {
  const hash = federation.lineage.release?.sum ?? null;
  if (hash === null) throw new Error('the release in force came from no round');
  const bytes = await blobs.read(hash);
  return new Int32Array(new Uint8Array(bytes).buffer);
}

function sumOfUpdates(members: readonly Member[], round: number): Int32Array {
  const sum = new Int32Array(VECTOR_LENGTH + 2);
  for (const { site } of members) {
    site.record.quantised.get(round)?.forEach((value, place) => (sum[place] = (sum[place] ?? 0) + value));
  }
  return sum;
}
