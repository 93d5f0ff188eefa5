export { runExperiment, type ExperimentOptions, type ExperimentResult, type Run } from './run/run-experiment.ts';
export type { Recipe, StrategyName, Variant } from './run/recipe.ts';
export type { ExperimentFederation } from './federation/experiment-federation.ts';
export { partOf, pool, type ShopData } from './federation/regroup.ts';
export { experimentFolders, experimentNames, readFederation, type ExperimentName } from './federation/settings.ts';
export { experimentPlans, type ExperimentPlan } from './run/plans.ts';
export { summarise, type SummaryRow, type Uplift } from './report/summary.ts';
export { renderMarkdown } from './report/markdown.ts';
export { upliftPlot } from './report/uplift-plot.ts';
