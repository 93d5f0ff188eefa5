import { DatasetError } from '../errors.ts';
import { inWords, type EncoderDescription } from './encoder-description.ts';
import type { FeatureSource } from './feature-source.ts';
import { differingSetting } from './model/model-settings.ts';

/**
 * Checks that a site's mapping names the encoder that the backbone was pretrained with. Features of another encoder
 * have the same shape at best and mean something else.
 * Throws DatasetError `encoder-mismatch`.
 */
export function checkAgreement(
  modality: 'text' | 'image',
  expected: EncoderDescription,
  source: FeatureSource | undefined,
): void {
  // Without features the modality is missing at every item, which every model can do with.
  if (expected.kind === 'none' || source?.kind === 'none') return;
  const given = source ?? { kind: 'built-in' };
  if (given.kind !== expected.kind) throw mismatch(modality, expected, `the mapping names ${sourceInWords(source)}`);
  if (given.kind === 'precomputed' && expected.kind === 'precomputed') {
    if (given.encoder !== expected.encoder)
      throw mismatch(modality, expected, `the mapping names features of "${given.encoder}"`);
    if (given.normalise !== undefined && given.normalise !== expected.normalise)
      throw mismatch(modality, expected, `headquarters normalises "${expected.normalise}", not "${given.normalise}"`);
  }
  if (given.kind === 'model' && expected.kind === 'model') {
    const setting = differingSetting(expected, given);
    if (setting !== null) throw mismatch(modality, expected, `headquarters chose another "${setting}"`);
  }
}

/** Checks that a site's folder holds headquarters' model. Throws DatasetError `encoder-mismatch`. */
export function checkFingerprint(modality: 'text' | 'image', expected: EncoderDescription, found: string): void {
  if (expected.kind === 'model' && found !== expected.fingerprint)
    throw mismatch(modality, expected, `the folder of this site holds another model (${found.slice(0, 12)})`);
}

/** Checks the width of what was read. Throws DatasetError `encoder-mismatch`. */
export function checkDimension(modality: 'text' | 'image', expected: EncoderDescription, dimension: number): void {
  if (dimension !== expected.dimension)
    throw mismatch(modality, expected, `the features of this site are ${dimension} numbers wide`);
}

function mismatch(modality: 'text' | 'image', expected: EncoderDescription, found: string): DatasetError {
  return new DatasetError(
    'encoder-mismatch',
    `the backbone was pretrained on ${modality} from ${inWords(expected)}; ${found}`,
    {},
    expected.kind === 'built-in'
      ? `Remove features.${modality} from the mapping`
      : expected.kind === 'model'
        ? `Name a copy of headquarters' model folder in features.${modality} of the mapping, or {"kind": "none"} to do without ${modality}`
        : `Give features of the same encoder in features.${modality} of the mapping, or {"kind": "none"} to do without ${modality}`,
  );
}

function sourceInWords(source: FeatureSource | undefined): string {
  if (source === undefined) return 'none, which means the built-in encoder';
  if (source.kind === 'built-in') return 'the built-in encoder';
  return source.kind === 'model' ? 'a model' : 'features from elsewhere';
}
