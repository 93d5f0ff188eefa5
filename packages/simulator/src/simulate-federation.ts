import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { Agent, homeLayout, joinFederation, writeConfig, type AgentConfigInput, type Trainer } from '@noren/agent';
import { Coordinator } from '@noren/coordinator';
import type { PlanTemplate } from '@noren/protocol';
import { pino, type Logger } from 'pino';
import { FaultyTrainer, type Faults } from './faults.ts';
import { plainLineage, type Lineage } from './lineage.ts';
import { isSumOf, openedSums, readRing, type RingSum } from './ring-sums.ts';
import { SeededTrainer } from './seeded-trainer.ts';

export interface SimulationOptions {
  /** Holds the homes of the coordinator and of every site; must be empty. */
  readonly folder: string;
  /** 3 or more. */
  readonly sites: number;
  readonly rounds: number;
  /** Decides updates and faults. Masks and rounding stay random: they come from the real cryptography. */
  readonly seed: number;
  readonly faults?: Faults;
  /** Default: a vector of 1000 values that nobody really learns. */
  readonly lineage?: Lineage;
  /** Makes every round a survey under this plan. */
  readonly survey?: PlanTemplate;
  /** Default: seeded updates without any data. */
  readonly trainer?: (site: string, place: number) => Trainer;
  /** A site's data source, for trainers that read data. */
  readonly data?: (site: string, place: number) => AgentConfigInput['data'];
  /** Every site's policy. Default: that of a new site. */
  readonly policy?: AgentConfigInput['policy'];
  /** Number of the round after which the coordinator is closed, and opened again on what it kept. Default: of none. */
  readonly restartAfter?: number;
  readonly log?: Logger;
}

export interface SimulatedRound {
  readonly number: number;
  readonly outcome: 'accepted' | 'rejected' | 'failed' | null;
  readonly reason: string | null;
  readonly cohort: readonly string[];
  readonly survivors: readonly string[];
  readonly dropped: readonly { readonly site: string; readonly reason: string }[];
  readonly refused: readonly { readonly site: string; readonly reason: string }[];
  /**
   * Whether every unmasked sum equals, element for element, the sum of what its survivors put in; null for a round that made
   * no release and was no survey, whose sums are not kept in force.
   */
  readonly sumIsExact: boolean | null;
  /** What was opened: one sum, or one for each group; none of a round that made no release. */
  readonly sums: readonly RingSum[];
  /** Bytes of masked updates that the coordinator took. */
  readonly bytesUp: number;
  /** Of a survey, the weighted mean of the sites' vectors. */
  readonly measures: readonly number[] | null;
  /** Number of the release in force after the round. */
  readonly release: number | null;
}

interface SimulatedSite {
  readonly name: string;
  readonly home: string;
  readonly agent: Agent;
}

const noData: AgentConfigInput['data'] = {
  catalogue: { file: 'catalogue.csv', columns: { item: 'item', text: [] } },
  interactions: { file: 'sales.csv', columns: { customer: 'customer', item: 'item', time: 'time' } },
};

/** Runs the real coordinator and real agents in this process, over loopback, through seeded faults. */
export async function simulateFederation(o: SimulationOptions): Promise<readonly SimulatedRound[]> {
  const log = o.log ?? pino({ level: 'silent' });
  const home = join(o.folder, 'coordinator');
  const open = (ports: Ports): Promise<Coordinator> =>
    Coordinator.open({ home, name: 'simulation', ...ports }, { log });
  let coordinator = await open({ grpcPort: 0, enrolmentPort: 0, consolePort: 0 });
  const stopping = new AbortController();
  setMaxListeners(2 * o.sites, stopping.signal);
  const running: Promise<void>[] = [];
  try {
    const { backbone, plan, release } = o.lineage ?? plainLineage(1000);
    await coordinator.registerBackbone(backbone);
    await coordinator.adoptPlan(plan, release);
    await coordinator.start();
    const sites: SimulatedSite[] = [];
    for (let place = 0; place < o.sites; place += 1) sites.push(await openSite(o, coordinator, place, log));
    for (const { agent } of sites) running.push(agent.run(stopping.signal));

    const rounds: SimulatedRound[] = [];
    for (let round = 0; round < o.rounds; round += 1) {
      await connected(coordinator, o.sites);
      const number = await (o.survey === undefined ? coordinator.startRound() : coordinator.startSurvey(o.survey));
      await coordinator.idle();
      rounds.push(await outcomeOf(coordinator, number, sites, home));
      if (number !== o.restartAfter) continue;
      // Where the sites look for it.
      const ports = portsOf(coordinator);
      await coordinator.close();
      coordinator = await open(ports);
      await coordinator.start();
    }
    return rounds;
  } finally {
    stopping.abort();
    await Promise.allSettled(running);
    await coordinator.close();
  }
}

type Ports = Record<'grpcPort' | 'enrolmentPort' | 'consolePort', number>;

function portsOf({ addresses }: Coordinator): Ports {
  const port = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));
  return {
    grpcPort: port(addresses.address),
    enrolmentPort: port(addresses.enrolmentAddress),
    consolePort: port(addresses.consoleAddress),
  };
}

async function openSite(
  o: SimulationOptions,
  coordinator: Coordinator,
  place: number,
  log: Logger,
): Promise<SimulatedSite> {
  const name = `site-${String(place + 1).padStart(3, '0')}`;
  const home = join(o.folder, name);
  await joinFederation(home, await coordinator.invite(name, name));
  const data = o.data?.(name, place) ?? noData;
  const reconnect = { firstDelay: 0.05, longestDelay: 1 };
  await writeConfig(home, { version: 1, data, policy: o.policy, keepUpdates: true, reconnect });
  const trainer = o.trainer?.(name, place) ?? new SeededTrainer(o.seed, name);
  const agent = await Agent.open(home, { log, trainer: new FaultyTrainer(trainer, o.faults ?? {}, o.seed, name) });
  return { name, home, agent };
}

/** A round recruits whoever is connected, so the simulation waits until all are. */
async function connected(coordinator: Coordinator, sites: number): Promise<void> {
  while (coordinator.view().sites.filter((site) => site.connected).length < sites) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function outcomeOf(
  coordinator: Coordinator,
  number: number,
  sites: readonly SimulatedSite[],
  home: string,
): Promise<SimulatedRound> {
  const round = await coordinator.round(number);
  if (round === null) throw new Error(`the coordinator does not know round ${number}`);
  const { outcome, reason, cohort, survivors, dropped, refused, bytesUp } = round;
  const { release } = coordinator.lineage;
  const survey = await coordinator.survey(number);
  const hash = survey?.sum ?? (release?.round === number ? release.sum : null);
  const sums = hash === null ? [] : await openedSums(round, hash, (content) => join(home, 'blobs', content));
  const exact = await Promise.all(
    sums.map(async (one) => {
      const given = sites.filter(({ name }) => one.survivors.includes(name));
      return isSumOf(
        one.sum,
        await Promise.all(given.map((site) => readRing(homeLayout(site.home).round(round.id).update))),
      );
    }),
  );
  const sumIsExact = exact.length === 0 ? null : exact.every(Boolean);
  const measures = survey?.mean ?? null;
  return {
    number,
    outcome,
    reason,
    cohort,
    survivors,
    dropped,
    refused,
    sumIsExact,
    sums,
    bytesUp,
    measures,
    release: release?.number ?? null,
  };
}
