import { presetNames, type PresetName } from '@noren/recommender/presets';

import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';

/** The preset of a name that somebody typed. */
export function presetCalled(name: string): PresetName {
  const preset = presetNames.find((known) => known === name);
  if (preset !== undefined) return preset;
  if (name === 'frozen') {
    throw new CliError(
      'The preset "frozen" is the backbone as it is, for studies that compare with it: nothing is learned or shared, so there ' +
        "is no round and no plan. You need none: under every plan each site's gate weighs the backbone as it is and reports it " +
        `as "backbone". Choose what to compare with it: ${presetNames.join(', ')}.`,
      exitCode.usage,
    );
  }
  throw new CliError(`There is no preset "${name}". Choose one of: ${presetNames.join(', ')}.`, exitCode.usage);
}
