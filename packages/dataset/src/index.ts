export { benchmarkImport, type ImportBenchmarkRow } from './benchmark/benchmark-import.ts';
export { benchmarkImages, type ImageBenchmarkRow } from './benchmark/benchmark-images.ts';
export { DatasetError, type DatasetErrorCode, type Place } from './errors.ts';
export type { EncoderDescription, EncoderDescriptions } from './features/encoder-description.ts';
export type { FeatureSource, FeatureSources, PrecomputedSource } from './features/feature-source.ts';
export type { ModelSource, Pooling } from './features/model/model-source.ts';
export type { Normalisation } from './features/normalisation.ts';
export { featurise, fitFeaturiser } from './features/featurise.ts';
export { featureDimensions, featuriserFrom } from './features/featuriser-tensors.ts';
export type { FeaturiseOptions, FitOptions } from './features/featurise.ts';
export type { FeatureTensor } from './features/feature-tensor.ts';
export type { Featuriser, ItemFeatures, Modality } from './features/featuriser.ts';
export { type DatasetName, importFederation, type ImportOptions } from './importers/import-federation.ts';
export { readUnisrecDomain } from './importers/unisrec.ts';
export type { PriceRange } from './price-range.ts';
export type { Counted, CustomersByPurchases, DropKind, NoticeKind } from './reading-counts.ts';
export type {
  CatalogueItem,
  DataReport,
  FeatureFiles,
  FederationData,
  FederationSite,
  Progress,
  RetailData,
  Sequences,
} from './retail-data.ts';
export { readSite, type ReadSiteOptions } from './site/read-site.ts';
export { sourceFiles } from './site/source-files.ts';
export { siteSourceSchema, type SiteSource, type SiteSourceInput } from './site/source.ts';
export { writeSite } from './site/write-site.ts';
export { type Split, type SplitOptions, splitSequences, type TimeCuts } from './split.ts';
export { renderReport } from './summary/render-report.ts';
export { generateFederation, type World, type WorldOptions } from './world/generate-federation.ts';
