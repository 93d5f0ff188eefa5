import type { FeatureSources } from '@noren/dataset';
import type { ShopData } from './regroup.ts';

/** Data divided between headquarters and sites, as an experiment uses it. */
export interface ExperimentFederation {
  readonly name: string;
  /** Who is headquarters, who the sites, and how they were divided, in plain sentences. */
  readonly note: string;
  /** Null where there is nothing to transfer from. */
  readonly headquarters: ShopData | null;
  readonly sites: readonly (ShopData & { readonly name: string })[];
  /** Where item features come from, when not from the built-in encoders. */
  readonly features?: { readonly sources: FeatureSources; readonly base: string } | undefined;
}
