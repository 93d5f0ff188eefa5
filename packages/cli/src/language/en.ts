import { englishFederation } from './en-federation.ts';
import type { Phrases } from './phrases.ts';
import { englishAudit } from './audit.ts';
import { englishSecrecy } from './secrecy.ts';

const strategies = {
  scratch: 'scratch',
  backbone: 'backbone as is',
  local: 'locally re-learned',
  federated: 'federated re-learned',
  blend: 'blend',
} as const;

export const english: Phrases = {
  dataFolder: (path) => `Everything is kept in ${path} (choose another with --home).`,
  preparingData: (dataset) => `Preparing the data (${dataset}) ...`,
  dataReady: (sites, customers, items) =>
    `  ${sites} sites, ${customers} customers, ${items} items in their catalogues`,
  dataCached: (sites) => `Data: ${sites} sites, prepared before.`,
  preparingBackbone: 'Pretraining the backbone at headquarters ...',
  encoding: (what, done, total) => `  encoding ${what}: ${done} of ${total}`,
  pretraining: (epoch, epochs, loss) => `  epoch ${epoch} of ${epochs}, loss ${loss}`,
  backboneReady: (parameters, seconds) => `  ${parameters} parameters, ${seconds} s`,
  backboneCached: 'Backbone: pretrained before.',
  startingCoordinator: 'Starting the coordinator ...',
  startingSites: (count) => `Starting ${count} sites, each its own process with its own certificate ...`,
  surveying: 'Surveying what the sites would gain from re-learning; nobody shows its own figures ...',
  surveyFailed: '  The survey failed; the federation begins by fine-tuning everything.',
  decision: (sentence) => `  ${sentence}`,
  federationRuns: (address) => `The federation runs. Console: ${address}`,
  schedule: (expression) => `A round is due on the schedule "${expression}".`,
  stopHint: 'Stop with Ctrl-C; the next start goes on where this one stopped.',
  stopping: 'Stopping ...',
  stopped: 'Stopped.',
  killed: (name, seconds, logFile) => `${name} did not stop within ${seconds} s and was killed; its log is ${logFile}`,
  waiting: 'waiting',
  roundLine: (round, phase, waitingFor) => `  round ${round}: ${phase}. ${waitingFor}`,
  roundEnded: ({ round, outcome, seconds, survivors, cohort, bytesUp }) =>
    `Round ${round} ${outcome} after ${seconds} s: ${survivors} of ${cohort} sites in the sum, ${bytesUp} uploaded in all.`,
  roundReason: (reason) => `  ${reason}`,
  site: 'site',
  customers: 'customers',
  metric: 'metric',
  strategies,
  gate: 'gate',
  adopted: 'adopts the federated model',
  blended: 'blends the federated model in',
  keeps: (strategy) => `uses ${strategy}`,
  tableNote:
    'Mean over held-out last purchases, full ranking, history masked; [95 % interval over customers]. The gate decided on other purchases than those shown.',
  mean: 'mean of sites',
  siteStopped: (site, logFile) => `Site ${site} stopped by itself; its log is ${logFile}`,
  coordinatorStopped: (logFile) => `The coordinator stopped by itself; its log is ${logFile}`,
  federation: englishFederation,
  secrecy: englishSecrecy,
  audit: englishAudit,
};
