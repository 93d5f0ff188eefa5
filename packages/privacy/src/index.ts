export { PrivacyError, type PrivacyErrorCode } from './errors.ts';
export {
  DEFAULT_ORDERS,
  epsilonFromRenyi,
  epsilonOf,
  INTEGER_ORDERS,
  privacyLoss,
  type GaussianSteps,
  type PrivacyLoss,
} from './accountant/accountant.ts';
export { lossDistribution, type LossDistribution } from './accountant/loss-distribution.ts';
export { noiseMultiplierFor } from './accountant/calibration.ts';
export { renyiDivergence } from './accountant/renyi.ts';
export { DiscreteGaussian, exactRational, type Rational } from './noise/discrete-gaussian.ts';
export type { RandomSource } from './noise/random-integers.ts';
export { concentratedLoss, epsilonFromConcentrated } from './accountant/concentrated.ts';
export { mostNodesBetween, TreeNoise, type TreeNode } from './noise/tree-noise.ts';
export { treeAggregation } from './accountant/tree-aggregation.ts';
export { noiseShare, sharedNoiseDivergence, type SharedNoise } from './distributed/noise-shares.ts';
export { roundedNorm } from './distributed/rounding.ts';
export { nextClipNorm, noiseMultiplierBesideCount, type AdaptiveClipping } from './clipping/adaptive-clipping.ts';
