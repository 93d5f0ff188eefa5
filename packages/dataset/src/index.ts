export { benchmarkImages, type ImageBenchmarkRow } from './benchmark/benchmark-images.ts';
export { DatasetError, type DatasetErrorCode, type Place } from './errors.ts';
export { featureDimensions, featurise, featuriserFrom, fitFeaturiser } from './features/featurise.ts';
export type { FeaturiseOptions, FitOptions } from './features/featurise.ts';
export type { Featuriser, FeatureTensor, ItemFeatures, Modality } from './features/featuriser.ts';
export { type DatasetName, importFederation, type ImportOptions } from './importers/import-federation.ts';
export type {
  CatalogueItem,
  DataReport,
  FederationData,
  FederationSite,
  Progress,
  RetailData,
  Sequences,
} from './retail-data.ts';
export { readSite, type ReadSiteOptions } from './site/read-site.ts';
export { siteSourceSchema, type SiteSource, type SiteSourceInput } from './site/source.ts';
export { writeSite } from './site/write-site.ts';
export { type Split, type SplitOptions, splitSequences } from './split.ts';
export { generateFederation, type World, type WorldOptions } from './world/generate-federation.ts';
