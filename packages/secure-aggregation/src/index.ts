export { AggregationError, type AggregationErrorCode } from './errors.ts';
export { groupParameters, type GroupParameters, type SiteFloor } from './group-parameters.ts';
export { generateIdentityKey, identityFromPrivateKey, verifySignature, type Identity } from './keys/identity.ts';
export type {
  ConsistencyRequest,
  KeyAdvertisement,
  KeyRoster,
  MaskedHeader,
  RevealedShare,
  RevealedShares,
  RevealRequest,
  SealedShare,
  SealedShares,
  ShareDelivery,
  SurvivorSignature,
  SurvivorWitness,
} from './messages.ts';
export type { RandomSource } from './keys/random.ts';
export { clipToNorm, type Clipping } from './ring/clipping.ts';
export {
  decodeSum,
  encodeUpdate,
  encodeUpdateInTurns,
  EXTRA_ELEMENTS,
  maskedLength,
  quantiserFor,
  type DecodedSum,
  type Quantiser,
} from './ring/quantiser.ts';
export {
  addNoise,
  decodeNoisySum,
  encodeNoisySum,
  encodeNoisySumInTurns,
  noisyElements,
  noisyQuantiserFor,
  NOISE_REACH,
  type NoisyPart,
  type NoisyQuantiser,
  type NoisySumRules,
} from './ring/noisy-quantiser.ts';
export { assuranceOf, type Assurance, type Fears, type GroupAssurance } from './topology/assurance.ts';
export {
  groupsOf,
  smallestGroup,
  smallestGroupParameters,
  type DrawnGroup,
  type Grouping,
  type GroupingRule,
  type Topology,
} from './topology/grouping.ts';
export { LARGEST_GROUP } from './topology/sizes.ts';
export type { Spoiling } from './robust/spoiling.ts';
export { combineMeans, type Combination } from './robust/combination.ts';
export { inspectGroups, type GroupInspection } from './robust/hygiene.ts';
export { suspicionAfter, suspicionLimit, UNSUSPECTED, type ComparedGroup, type Suspicion } from './robust/suspicion.ts';
export type { MaskRemoval } from './masks/mask-removal.ts';
export { RemovalThreads, type RemovalThreadsOptions } from './masks/removal-threads.ts';
export { CoordinatorRound, type CoordinatorRoundOptions } from './protocol/coordinator-round.ts';
export { GroupedRound, type GroupFailure, type GroupOutcome } from './protocol/grouped-round.ts';
export { auditTranscript, type AuditFault, type AuditFaultCode, type TranscriptAudit } from './protocol/audit.ts';
export type { MaskedVector } from './protocol/masked-vector.ts';
export { SiteRound, type SiteRoundOptions } from './protocol/site-round.ts';
export {
  recordDelivery,
  recordReveal,
  recordShares,
  recordSurvivors,
  recordVector,
  siteRecord,
  type RosterRecord,
  type SiteRecord,
} from './protocol/site-record.ts';
export type { ResumableStep } from './protocol/site-state-codec.ts';
export type { SumTranscript, TranscriptStatement, TranscriptVector } from './protocol/sum-transcript.ts';
export type { KeptChunks, UploadSink } from './protocol/upload.ts';
export { benchmarkMasking, type BenchmarkRow } from './benchmark.ts';
