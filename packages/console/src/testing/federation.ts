import type { FederationView, GateView, Interval, RoundView, SiteView, Strategy } from '@noren/protocol/console';

import { dividedRound, without } from './groups.ts';
import type { Division } from './groups.ts';

/** A fixed moment, so that screens and expectations repeat. */
export const NOW: number = Date.parse('2026-11-24T02:41:20.000Z');
const MINUTE = 60_000;

const NAMES = [
  'Fukuoka Tenjin',
  'Ginza',
  'Hiroshima',
  'Kobe Sannomiya',
  'Kyoto Shijo',
  'Nagoya Sakae',
  'Naha',
  'Osaka Umeda',
  'Sapporo',
  'Sendai',
  'Shibuya',
  'Yokohama',
];

export interface World {
  readonly sites: number;
  readonly rounds: number;
  readonly running: boolean;
  /** How the rounds are divided; without it every cohort is one group. A spoiler is in quarantine since two rounds. */
  readonly division?: Division;
}

/** The rounds since a spoiler was put in quarantine. */
const QUARANTINED_ROUNDS = 2;

/** A federation some weeks into its life: one site gone, one that drops out, one that refuses, gates of every verdict. */
export function federationView(world: World, now: number = NOW): FederationView {
  const random = generator(7);
  const ids = Array.from({ length: world.sites }, (_, index) => nameOf(index).toLowerCase().replaceAll(' ', '-'));
  const rounds = Array.from({ length: world.rounds }, (_, index) => {
    const round = endedRound(world.rounds - index, ids, now, random);
    if (world.division === undefined) return round;
    const { spoiler } = world.division;
    const there = index < QUARANTINED_ROUNDS && spoiler !== null ? without(round, spoiler) : round;
    return dividedRound(there, world.division, generator(round.number));
  });
  const latest = rounds.find((round) => round.outcome === 'accepted');
  return {
    name: 'Hanamura Retail',
    now: new Date(now).toISOString(),
    address: 'federation.hanamura.example:7443',
    consoleAddress: 'http://127.0.0.1:7480',
    backbone: { hash: hash('backbone'), parameters: 1_284_608, groups: [...SHARED, ...LOCAL, 'sequence.norm'] },
    release: {
      number: latest === undefined ? 1 : 15,
      hash: latest?.releaseHash ?? hash('release-0'),
      round: latest?.number ?? null,
      at: latest?.endedAt ?? new Date(now - 40 * MINUTE).toISOString(),
    },
    plan: { name: 'fine-tune', federatedGroups: SHARED, localGroups: LOCAL, vectorLength: 182_304 },
    schedule: {
      expression: '*/30 * * * *',
      timeZone: 'Asia/Tokyo',
      nextAt: new Date(now + 18 * MINUTE + 40_000).toISOString(),
      paused: false,
      waiting: null,
    },
    sites: ids.map((id, index) => siteView(id, index, world, rounds, random, now)),
    running: world.running
      ? runningRound(
          world.rounds + 1,
          ids.filter((id) => id !== world.division?.spoiler),
          now,
        )
      : null,
    rounds,
  };
}

/** The thirteenth site is the second in the first one's town. */
function nameOf(index: number): string {
  const name = NAMES[index % NAMES.length] ?? '';
  return index < NAMES.length ? name : `${name} ${Math.floor(index / NAMES.length) + 1}`;
}

const SHARED = [
  'item.text',
  'item.image',
  'item.price',
  'item.norm',
  'sequence.position',
  'sequence.block.0.attention',
  'sequence.block.0.feedforward',
];
const LOCAL = ['sequence.block.1.attention', 'sequence.block.1.feedforward'];

function siteView(
  id: string,
  index: number,
  world: World,
  rounds: readonly RoundView[],
  random: () => number,
  now: number,
): SiteView {
  const away = index === 8;
  const judged = rounds.flatMap((round) => round.gates).find(({ site }) => site === id)?.gate ?? null;
  const inRound = world.running && !away && index !== 6 && index !== 9 && id !== world.division?.spoiler;
  const fraction = Math.min(1, 0.35 + index * 0.06);
  return {
    id,
    name: nameOf(index),
    connected: !away,
    lastSeenAt: new Date(away ? now - 187 * MINUTE : now - 4000).toISOString(),
    activity: inRound ? { roundId: 'running', kind: index < 2 ? 'uploading' : 'relearning', fraction } : null,
    releaseHash: releaseInUse(judged, away, rounds),
    gate: judged,
    revoked: null,
    quarantine: id === world.division?.spoiler ? quarantine(id, rounds) : null,
    history: historyOf(index, Math.min(30, world.rounds), random, id === world.division?.spoiler),
  };
}

function quarantine(site: string, rounds: readonly RoundView[]): SiteView['quarantine'] {
  const compared = rounds.slice(QUARANTINED_ROUNDS).flatMap(({ groups }) => {
    const found = groups.find(({ survivors }) => survivors.includes(site));
    return found === undefined ? [] : [found];
  });
  const outlying = compared.filter((group) => group.outlying === true).length;
  const since = rounds[QUARANTINED_ROUNDS]?.endedAt ?? new Date(NOW).toISOString();
  return { since, rounds: compared.length, outlying };
}

function releaseInUse(gate: GateView | null, away: boolean, rounds: readonly RoundView[]): string | null {
  if (gate === null) return null;
  const accepted = rounds.filter((round) => round.releaseHash !== null);
  return accepted[away || !gate.adopted ? Math.min(4, accepted.length - 1) : 0]?.releaseHash ?? null;
}

function historyOf(site: number, rounds: number, random: () => number, quarantined: boolean): SiteView['history'] {
  const history = Array.from({ length: rounds }, (_, round) => historyCell(site, round, random));
  return quarantined
    ? history.map((outcome, round) => (round < rounds - QUARANTINED_ROUNDS ? outcome : 'absent'))
    : history;
}

function historyCell(site: number, round: number, random: () => number): SiteView['history'][number] {
  if (site === 8 && round > 24) return 'absent';
  if (round === 9) return 'failed';
  const chance = random();
  if (chance < 0.05) return 'dropped';
  if (chance < 0.08) return site === 9 ? 'refused' : 'absent';
  return round % 7 === 3 ? 'rejected' : 'accepted';
}

function runningRound(number: number, ids: readonly string[], now: number): RoundView {
  const start = now - 4 * MINUTE - 12_000;
  const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();
  return {
    id: 'running',
    number,
    kind: 'relearn',
    phase: 'relearning',
    startedAt: at(0),
    endedAt: null,
    resumedAt: [],
    deadlineAt: new Date(now + 2 * MINUTE + 25_000).toISOString(),
    waitingFor: 'Waiting for 6 more sites to finish re-learning; 8 of 10 are enough after the deadline.',
    cohort: ids.filter((_, index) => index !== 8 && index !== 9),
    survivors: ids.slice(0, 2),
    dropped:
      ids.length > 6
        ? [{ site: 'naha', at: 'keys', reason: 'the connection was lost and did not return in 30 s' }]
        : [],
    refused: ids.length > 9 ? [{ site: 'sendai', reason: 'its policy allows rounds only from 22:00 to 06:00' }] : [],
    outcome: null,
    reason: null,
    phases: [
      { phase: 'planned', startedAt: at(0), endedAt: at(0) },
      { phase: 'recruiting', startedAt: at(0), endedAt: at(8) },
      { phase: 'keys', startedAt: at(8), endedAt: at(39) },
      { phase: 'relearning', startedAt: at(39), endedAt: null },
    ],
    bytesUp: 1_482_000,
    sumHash: null,
    groups: [],
    releaseHash: null,
    difference: null,
    gates: [],
  };
}

function endedRound(number: number, ids: readonly string[], now: number, random: () => number): RoundView {
  const start = now - (60 - number) * 30 * MINUTE - 20_000;
  const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();
  const outcome = number === 21 ? 'failed' : number % 7 === 4 ? 'rejected' : 'accepted';
  const missing = number % 5 === 0 ? 2 : 0;
  const cohort = ids.slice(0, Math.max(0, ids.length - 1));
  const survivors = outcome === 'failed' ? [] : cohort.slice(missing);
  const length = 280 + Math.floor(random() * 120);
  const gain = 0.012 + number * 0.0003 + (random() - 0.5) * 0.004;
  return {
    id: `round-${number}`,
    number,
    kind: 'relearn',
    phase: outcome,
    startedAt: at(0),
    endedAt: at(length),
    resumedAt: [],
    deadlineAt: null,
    waitingFor: null,
    cohort,
    survivors,
    dropped: cohort.slice(0, missing).map((site) => ({ site, at: 'relearning', reason: 'it missed the deadline' })),
    refused: [],
    outcome,
    reason: {
      accepted: null,
      rejected: 'The lower bound of the difference is below zero at 7 of 11 sites; every site keeps what it has.',
      failed: '4 of 11 sites sent their keys before the deadline; 8 are needed.',
    }[outcome],
    phases: [
      { phase: 'recruiting', startedAt: at(0), endedAt: at(6) },
      { phase: 'keys', startedAt: at(6), endedAt: at(11) },
      ...(outcome === 'failed'
        ? []
        : ([
            { phase: 'relearning', startedAt: at(11), endedAt: at(214) },
            { phase: 'collecting', startedAt: at(214), endedAt: at(222) },
            { phase: 'unmasking', startedAt: at(222), endedAt: at(225) },
            { phase: 'aggregated', startedAt: at(225), endedAt: at(225) },
            { phase: 'evaluating', startedAt: at(225), endedAt: at(length) },
          ] as const)),
    ],
    bytesUp: survivors.length * 741_000,
    groups: [],
    sumHash: outcome === 'failed' ? null : hash(`sum-${number}`),
    releaseHash: outcome === 'accepted' ? hash(`release-${number}`) : null,
    difference:
      outcome === 'failed'
        ? null
        : {
            mean: outcome === 'rejected' ? gain - 0.016 : gain,
            low: outcome === 'rejected' ? gain - 0.027 : gain - 0.009,
            customers: 1128,
          },
    gates: survivors.map((site) => ({ site, gate: gateView(number, ids.indexOf(site), random) })),
  };
}

function gateView(round: number, site: number, random: () => number): GateView {
  const level = 0.088 + ((site * 37) % 11) * 0.006;
  const width = 0.012 + ((site * 13) % 7) * 0.002;
  const around = (mean: number, factor: number): Interval => {
    const shifted = mean * factor + (random() - 0.5) * 0.003;
    return { mean: shifted, low: shifted - width * factor, high: shifted + width * factor * 1.05 };
  };
  const score = (strategy: Strategy, mean: number): GateView['scores'][number] => ({
    strategy,
    ndcg: around(mean, 1),
    hr: around(mean, 1.72),
  });
  const poor = site === 2 || site === 6;
  const keeps: Readonly<Record<number, Strategy>> = { 2: 'local', 4: 'blend', 6: 'backbone', 9: 'scratch' };
  const chosen = keeps[site] ?? 'federated';
  const adopted = chosen === 'federated' || chosen === 'blend';
  return {
    round,
    chosen,
    adopted,
    customers: 64 + site * 17,
    explanation: adopted
      ? 'Adopted: the federated model differs from scratch by +0.010 NDCG (at least +0.002) and from what is in service by +0.002 NDCG (at least -0.001).'
      : `Federated is not adopted: its lower bound against what is in service is −0.0047. The site keeps ${chosen}, the best that is not worse than scratch.`,
    scores: [
      score('scratch', site === 9 ? level + 0.022 : level),
      score('backbone', site === 6 ? level + 0.03 : level + 0.011),
      score('local', site === 2 ? level + 0.034 : level + 0.015),
      score('federated', poor ? level + 0.009 : level + 0.018 + round * 0.0006),
      ...(chosen === 'blend' ? [score('blend', level + 0.021 + round * 0.0006)] : []),
    ],
  };
}

/** 64 hex digits that differ for different words (FNV-1a, repeated); no real hash is needed here. */
function hash(word: string): string {
  let digits = '';
  for (let part = 0; part < 8; part += 1) {
    let state = 0x811c9dc5;
    for (const letter of `${word}/${part}`) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193) >>> 0;
    digits += state.toString(16).padStart(8, '0');
  }
  return digits;
}

/** Uniform in [0, 1), the same on every run (Park and Miller's minimal standard generator). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
