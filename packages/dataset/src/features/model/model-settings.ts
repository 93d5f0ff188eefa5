import type { Normalisation } from '../normalisation.ts';
import type { ModelSource, Pooling } from './model-source.ts';

const DEFAULT_TOKENS = 512;

/** How a model is used, without gaps: the same at every site. */
export interface ModelSettings {
  readonly pooling: Pooling;
  readonly output: string;
  readonly unitLength: boolean;
  /** Of texts; empty and unused for images. */
  readonly prefix: string;
  /** Of texts; unused for images. */
  readonly maximumTokens: number;
}

/** The settings before the model was looked at: it decides what `pooling` and `output` are when nobody does. */
export type WantedSettings = Omit<ModelSettings, 'pooling' | 'output'> &
  Partial<Pick<ModelSettings, 'pooling' | 'output'>>;

export function wantedSettings(source: ModelSource): WantedSettings {
  const { pooling, output } = source;
  return {
    ...(pooling === undefined ? {} : { pooling }),
    ...(output === undefined ? {} : { output }),
    unitLength: source.unitLength ?? true,
    prefix: source.prefix ?? '',
    maximumTokens: source.maximumTokens ?? DEFAULT_TOKENS,
  };
}

const NAMES = ['pooling', 'output', 'unitLength', 'prefix', 'maximumTokens'] as const;

/** The first choice that a site's mapping states and headquarters made otherwise; null where there is none. */
export function differingSetting(
  { settings, normalise }: { readonly settings: ModelSettings; readonly normalise: Normalisation },
  source: ModelSource,
): string | null {
  if (source.normalise !== undefined && source.normalise !== normalise) return 'normalise';
  return NAMES.find((name) => source[name] !== undefined && source[name] !== settings[name]) ?? null;
}
