import { join } from 'node:path';
import type { RoundPlan } from '@noren/protocol';
import { pino, type Logger } from 'pino';
import { onTestFinished } from 'vitest';
import { Agent, type AgentOptions } from '../agent.ts';
import { writeConfig, type AgentConfigInput } from '../home/config.ts';
import { joinFederation } from '../home/join.ts';
import type { Trainer } from '../relearning/trainer.ts';
import { exampleBackbone, exampleRelease } from './blobs.ts';
import { FixedTrainer } from './fixed-trainer.ts';
import { temporaryFolder } from './folders.ts';
import { examplePlan } from './plans.ts';
import { ScriptedCoordinator } from './scripted-coordinator.ts';

/** A site that does not look at data: its trainer is fixed. */
const noData: AgentConfigInput['data'] = {
  catalogue: { file: 'catalogue.csv', columns: { item: 'item', text: [] } },
  interactions: { file: 'sales.csv', columns: { customer: 'customer', item: 'item', time: 'time' } },
};

export interface RunningSite {
  readonly home: string;
  readonly trainer: FixedTrainer;
  readonly agent: Agent;
  /** Ends the agent; resolves when it is gone. */
  readonly stop: () => Promise<void>;
}

/** A scripted coordinator with agents on real loopback connections. */
export class TestFederation {
  readonly coordinator: ScriptedCoordinator;
  readonly logLines: string[] = [];
  readonly log: Logger;
  readonly backbone: RoundPlan['backbone'];
  readonly release: RoundPlan['release'];

  private constructor(coordinator: ScriptedCoordinator) {
    this.coordinator = coordinator;
    this.log = pino({ level: 'debug' }, { write: (line: string) => void this.logLines.push(line) });
    this.backbone = coordinator.put(exampleBackbone());
    this.release = coordinator.put(exampleRelease(this.backbone, 0));
  }

  static async start(): Promise<TestFederation> {
    return new TestFederation(await ScriptedCoordinator.start());
  }

  plan(change: Partial<RoundPlan> = {}): RoundPlan {
    return examplePlan({ backbone: this.backbone, release: this.release, ...change });
  }

  candidate(value: number): RoundPlan['release'] {
    return this.coordinator.put(exampleRelease(this.backbone, value));
  }

  async join(site: string, config: Partial<AgentConfigInput> = {}): Promise<string> {
    const home = join(temporaryFolder(), site);
    await joinFederation(home, this.coordinator.invite(site));
    const reconnect = { firstDelay: 0.05, longestDelay: 0.2 };
    await writeConfig(home, { version: 1, data: noData, reconnect, ...config });
    return home;
  }

  /** Starts an agent and waits until it is connected. */
  async start(
    home: string,
    site: string,
    trainer: FixedTrainer = new FixedTrainer(new Float32Array(12)),
    options: Pick<AgentOptions, 'bootId'> = {},
  ): Promise<RunningSite> {
    const before = this.coordinator.connections.get(site) ?? 0;
    const agent = await this.open(home, trainer, options);
    const stopping = new AbortController();
    const done = agent.run(stopping.signal);
    const stop = async (): Promise<void> => {
      stopping.abort();
      await done;
    };
    onTestFinished(stop);
    await this.coordinator.connected(site, before + 1);
    return { home, trainer, agent, stop };
  }

  async open(home: string, trainer: Trainer, options: Pick<AgentOptions, 'bootId'> = {}): Promise<Agent> {
    // By default each test has a boot of its own, on every operating system.
    return Agent.open(home, { log: this.log, trainer, bootId: 'this boot', ...options });
  }

  /** Joins and starts `a`, `b`, `c`, ...; each site's update is its own number in every place. */
  async sites(count: number, config: Partial<AgentConfigInput> = {}): Promise<Map<string, RunningSite>> {
    const sites = new Map<string, RunningSite>();
    for (const [number, name] of ['a', 'b', 'c', 'd', 'e'].slice(0, count).entries()) {
      const home = await this.join(name, config);
      const trainer = new FixedTrainer(new Float32Array(12).fill((number + 1) / 10));
      sites.set(name, await this.start(home, name, trainer));
    }
    return sites;
  }
}
