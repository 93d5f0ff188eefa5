import { presetNames, type PresetName } from '@noren/recommender/presets';

import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';

/** The preset of a name that somebody typed. */
export function presetCalled(name: string): PresetName {
  const preset = presetNames.find((known) => known === name);
  if (preset !== undefined) return preset;
  throw new CliError(`There is no preset "${name}". Choose one of: ${presetNames.join(', ')}.`, exitCode.usage);
}
