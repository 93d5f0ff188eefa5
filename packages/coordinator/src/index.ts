export { Coordinator, type CoordinatorAddresses, type CoordinatorOptions } from './coordinator.ts';
export {
  parseCoordinatorConfig,
  readCoordinatorConfig,
  type CoordinatorConfig,
  type CoordinatorConfigInput,
  type PostgresSource,
} from './config.ts';
export { CoordinatorError, type CoordinatorErrorCode } from './coordinator-error.ts';
export { systemClock, type Clock } from './clock.ts';

// A federation without its network, for simulations.
export { Federation, type FederationParts } from './federation/federation.ts';
export type { SurveyResult } from './federation/survey-result.ts';
export type { EventBody, FederationEvent } from './federation/federation-event.ts';
export { BlobStore } from './blobs/blob-store.ts';
export { Journal } from './store/journal.ts';
export type { EventStore } from './store/event-store.ts';
export { openSqliteEventStore } from './store/sqlite-event-store.ts';
