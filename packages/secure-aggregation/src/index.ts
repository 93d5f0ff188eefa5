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
  EXTRA_ELEMENTS,
  maskedLength,
  quantiserFor,
  type DecodedSum,
  type Quantiser,
} from './ring/quantiser.ts';
export { MAXIMUM_COHORT } from './topology/grouping.ts';
export { CoordinatorRound, type CoordinatorRoundOptions } from './protocol/coordinator-round.ts';
export type { MaskedVector } from './protocol/masked-vector.ts';
export { SiteRound, type SiteRoundOptions } from './protocol/site-round.ts';
export type { UploadSink } from './protocol/upload.ts';
export { benchmarkMasking, type BenchmarkRow } from './benchmark.ts';
