import type { FederationPhrases } from './federation-phrases.ts';
import type { AuditPhrases } from './audit.ts';
import type { SecrecyPhrases } from './secrecy.ts';

/** Everything the command says in two languages. A phrase missing in one language does not compile. */
export interface Phrases {
  readonly dataFolder: (path: string) => string;
  readonly preparingData: (dataset: string) => string;
  readonly dataReady: (sites: number, customers: number, items: number) => string;
  readonly dataCached: (sites: number) => string;
  readonly preparingBackbone: string;
  readonly encoding: (what: string, done: number, total: number) => string;
  readonly pretraining: (epoch: number, epochs: number, loss: string) => string;
  readonly backboneReady: (parameters: string, seconds: string) => string;
  readonly backboneCached: string;
  readonly startingCoordinator: string;
  readonly startingSites: (count: number) => string;
  readonly surveying: string;
  readonly surveyFailed: string;
  readonly decision: (sentence: string) => string;
  readonly federationRuns: (console: string) => string;
  readonly schedule: (expression: string) => string;
  readonly stopHint: string;
  readonly stopping: string;
  readonly stopped: string;
  readonly killed: (name: string, seconds: string, logFile: string) => string;
  readonly waiting: string;
  readonly roundLine: (round: number, phase: string, waitingFor: string) => string;
  readonly roundEnded: (o: {
    round: number;
    outcome: 'accepted' | 'rejected' | 'failed';
    seconds: string;
    survivors: number;
    cohort: number;
    bytesUp: string;
  }) => string;
  readonly roundReason: (reason: string) => string;
  readonly site: string;
  readonly customers: string;
  readonly metric: string;
  readonly strategies: Readonly<Record<'scratch' | 'backbone' | 'local' | 'federated' | 'blend', string>>;
  readonly gate: string;
  readonly adopted: string;
  readonly blended: string;
  readonly keeps: (strategy: string) => string;
  readonly tableNote: string;
  readonly mean: string;
  readonly siteStopped: (site: string, logFile: string) => string;
  readonly coordinatorStopped: (logFile: string) => string;
  readonly federation: FederationPhrases;
  readonly secrecy: SecrecyPhrases;
  readonly audit: AuditPhrases;
}
