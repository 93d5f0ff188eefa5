import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { joinFederation } from '@noren/agent';
import type { RoundView } from '@noren/protocol/console';
import type { Logger } from 'pino';

import { consoleClient, type ConsoleClient } from '../console-client.ts';
import { CliError } from '../failure.ts';
import type { Phrases } from '../language/phrases.ts';
import { secondsText } from '../terminal/quantity.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { choosePlan } from './choose-plan.ts';
import { demoFolder } from './home.ts';
import { prepareBackbone } from './prepare-backbone.ts';
import { prepareData, type PreparedData } from './prepare-data.ts';
import { prepareFederation, type DemoFederation } from './prepare-federation.ts';
import { startNoren, type NorenProcess } from './processes.ts';
import { isSurveyed, type DemoSettings } from './settings.ts';
import { watchRounds } from './watch.ts';

/** Long enough for an agent to leave a round and for the coordinator to commit; then they are killed. */
const stopGraceMs = 10_000;
const startLimitMs = 60_000;

export interface DemoOptions {
  readonly home: string;
  readonly settings: DemoSettings;
  readonly ports: { readonly grpc: number; readonly enrolment: number; readonly console: number };
  readonly schedule: string;
  /** Ends after this many accepted rounds; undefined runs until stopped. */
  readonly acceptedRounds: number | undefined;
  readonly logLevel: string;
}

/** A whole federation on this machine: a coordinator and its sites, each an operating system process with its own home. */
export async function runDemo(
  options: DemoOptions,
  { terminal, phrases, log, signal }: { terminal: Terminal; phrases: Phrases; log: Logger; signal: AbortSignal },
): Promise<readonly RoundView[]> {
  const folder = demoFolder(options.home, options.settings);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  terminal.say(phrases.dataFolder(folder));
  const data = await dataWithProgress(options, folder, terminal, phrases);
  const { backbone, bytes } = await backboneWithProgress(options, folder, data, terminal, phrases, signal);
  const coordinatorConfig = {
    name: `demo ${options.settings.choice.dataset}`,
    host: '127.0.0.1',
    grpcPort: options.ports.grpc,
    enrolmentPort: options.ports.enrolment,
    consolePort: options.ports.console,
    schedule: { expression: options.schedule, timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone },
  };
  const federation = await prepareFederation({
    folder,
    coordinator: coordinatorConfig,
    data,
    settings: options.settings,
    backbone,
    backboneBytes: bytes,
    log,
  });
  signal.throwIfAborted();

  const sites: NorenProcess[] = [];
  let coordinator: NorenProcess | undefined;
  const stopping = { asked: false };
  const openSites = async (): Promise<void> => {
    terminal.say(phrases.startingSites(federation.sites.length));
    sites.push(...(await startSites(federation, folder, options.logLevel)));
  };
  try {
    const { preset } = options.settings;
    if (isSurveyed(preset)) {
      const plan = await choosePlan({
        kind: preset,
        coordinator: { ...coordinatorConfig, home: federation.coordinatorHome },
        settings: options.settings,
        backbone,
        sites: federation.sites.length,
        log,
        signal,
        startSites: openSites,
        onStart: () => terminal.say(phrases.surveying),
      });
      for (const decision of plan?.evidence?.decisions ?? []) terminal.say(phrases.decision(decision));
      if (plan === null && sites.length > 0) terminal.say(phrases.surveyFailed);
    }
    const client = consoleClient(`http://127.0.0.1:${options.ports.console}`);
    terminal.say(phrases.startingCoordinator);
    coordinator = startNoren(
      'coordinator',
      ['up', '--home', federation.coordinatorHome, '--log', options.logLevel],
      join(folder, 'logs', 'coordinator.log'),
    );
    const after = await waitForCoordinator(client, coordinator, phrases, signal);
    if (sites.length === 0) await openSites();
    reportUnexpectedEnds([coordinator, ...sites], stopping, terminal, phrases);
    terminal.say(phrases.federationRuns(client.address));
    terminal.say(phrases.schedule(options.schedule));
    terminal.say(phrases.stopHint);
    return await watchRounds({ client, terminal, phrases, after, acceptedRounds: options.acceptedRounds, signal });
  } finally {
    stopping.asked = true;
    terminal.say(phrases.stopping);
    const stop = async (process: NorenProcess): Promise<void> => {
      if ((await process.stop(stopGraceMs)) === 'killed')
        terminal.say(phrases.killed(process.name, secondsText(stopGraceMs), process.logFile));
    };
    await Promise.all(sites.map(stop));
    if (coordinator !== undefined) await stop(coordinator);
    terminal.say(phrases.stopped);
  }
}

async function dataWithProgress(
  { settings }: DemoOptions,
  folder: string,
  terminal: Terminal,
  phrases: Phrases,
): Promise<PreparedData> {
  const { choice } = settings;
  terminal.say(phrases.preparingData(choice.dataset === 'generated' ? `generated, ${choice.world}` : choice.dataset));
  const { data, cached } = await prepareData(choice, join(folder, 'data'), (what, done, total) =>
    terminal.progress(phrases.encoding(what, done, total)),
  );
  const sum = (of: (site: PreparedData['sites'][number]) => number): number =>
    data.sites.reduce((total, site) => total + of(site), 0);
  terminal.say(
    cached
      ? phrases.dataCached(data.sites.length)
      : phrases.dataReady(
          data.sites.length,
          sum((site) => site.customers),
          sum((site) => site.items),
        ),
  );
  terminal.say(`  ${data.note}`);
  return data;
}

async function backboneWithProgress(
  { settings }: DemoOptions,
  folder: string,
  data: PreparedData,
  terminal: Terminal,
  phrases: Phrases,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof prepareBackbone>>> {
  const startedAt = Date.now();
  terminal.say(phrases.preparingBackbone);
  const prepared = await prepareBackbone({
    file: join(folder, 'backbone.safetensors'),
    cacheFolder: join(folder, 'cache'),
    data,
    settings,
    onProgress: (progress) =>
      terminal.progress(
        progress.kind === 'encoding'
          ? phrases.encoding(progress.what, progress.done, progress.total)
          : phrases.pretraining(progress.epoch, progress.epochs, progress.loss.toFixed(3)),
      ),
    signal,
  });
  const parameters = [...prepared.backbone.tensors.values()].reduce(
    (total, { data: values }) => total + values.length,
    0,
  );
  terminal.say(
    prepared.cached
      ? phrases.backboneCached
      : phrases.backboneReady(parameters.toLocaleString('en'), secondsText(Date.now() - startedAt)),
  );
  return prepared;
}

/** Resolves with the number of the last round that ended before this start. */
async function waitForCoordinator(
  client: ConsoleClient,
  coordinator: NorenProcess,
  phrases: Phrases,
  signal: AbortSignal,
): Promise<number> {
  const deadline = Date.now() + startLimitMs;
  const ended = coordinator.exited.then(() => 'ended' as const);
  while (Date.now() < deadline) {
    signal.throwIfAborted();
    const view = await client.federation(signal).catch(() => undefined);
    if (view !== undefined)
      return Math.max(0, ...view.rounds.filter((round) => round.outcome !== null).map((round) => round.number));
    if ((await Promise.race([ended, sleep(200, 'waiting' as const)])) === 'ended') break;
  }
  throw new CliError(phrases.coordinatorStopped(coordinator.logFile));
}

/** Sites enrol one after the other and then all run at once. */
async function startSites(federation: DemoFederation, folder: string, logLevel: string): Promise<NorenProcess[]> {
  for (const { home, invitation } of federation.sites) {
    if (invitation !== null) await joinFederation(home, invitation);
  }
  return federation.sites.map(({ id, home }) =>
    startNoren(id, ['site', 'run', '--home', home, '--log', logLevel], join(folder, 'logs', `${id}.log`)),
  );
}

function reportUnexpectedEnds(
  [coordinator, ...sites]: readonly NorenProcess[],
  stopping: { readonly asked: boolean },
  terminal: Terminal,
  phrases: Phrases,
): void {
  for (const site of sites) {
    void site.exited.then(() => {
      if (!stopping.asked) terminal.say(phrases.siteStopped(site.name, site.logFile));
    });
  }
  void coordinator?.exited.then(() => {
    if (!stopping.asked) terminal.say(phrases.coordinatorStopped(coordinator.logFile));
  });
}
