import { Command, InvalidArgumentError } from 'commander';

import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';
import { renderTable } from '../terminal/table.ts';
import { wholeNumber } from './choices.ts';
import { openTerminal } from './open-terminal.ts';
import { readNamed } from './read-named.ts';

/** Rounds that are shown when none are asked for. */
const USUAL_ROUNDS: readonly number[] = [1, 10, 30, 100, 300, 1000];

interface Options {
  readonly rounds?: number;
  readonly targetEpsilon?: number;
}

export function planPrivacyCommand(): Command {
  return new Command('privacy')
    .description("Show what a private plan's rounds cost any one customer, and find the noise for a target.")
    .argument('<plan>', 'the plan file')
    .option('--rounds <number>', 'after how many rounds', wholeNumber(1, 1_000_000))
    .option('--target-epsilon <epsilon>', 'also find the least noise multiplier that stays within it', above0)
    .addHelpText(
      'after',
      '\nExamples\n  noren plan privacy plan.json\n  noren plan privacy plan.json --rounds 200 --target-epsilon 3',
    )
    .action(async (file: string, options: Options, command: Command) => {
      const { terminal } = openTerminal(command);
      const protocol = await import('@noren/protocol');
      const { adaptsClipNorm, parsePlanTemplate, privacyCost, updateNoiseMultiplier } = protocol;
      const { INTEGER_ORDERS, lossDistribution, noiseMultiplierFor, privacyLoss } = await import('@noren/privacy');
      const { privacy } = parsePlanTemplate(await readNamed(file, 'plan'));
      if (privacy == null) {
        throw new CliError(
          `${file} has no "privacy" section: its sums are exact, and no epsilon describes them. docs/privacy.md says what a section holds.`,
          exitCode.failed,
        );
      }
      const { delta, noiseMultiplier, mode } = privacy;
      const { samplingRate } = privacyCost(privacy, 1);
      const ofUpdate = updateNoiseMultiplier(privacy);
      const asked = options.rounds === undefined ? USUAL_ROUNDS : [options.rounds];
      const rows = asked.map((rounds) => {
        terminal.progress(`counting ${rounds} rounds`);
        const history = [privacyCost(privacy, rounds)];
        const { epsilon } = privacyLoss(history, delta, INTEGER_ORDERS);
        return { rounds, epsilon, tight: lossDistribution(history).epsilon(delta) };
      });
      const { targetEpsilon } = options;
      const steps = options.rounds ?? 100;
      const found =
        targetEpsilon === undefined
          ? null
          : {
              epsilon: targetEpsilon,
              rounds: steps,
              noiseMultiplier: noiseMultiplierFor({
                epsilon: targetEpsilon,
                delta,
                samplingRate,
                steps: privacyCost(privacy, steps).steps,
                orders: INTEGER_ORDERS,
              }),
            };
      if (terminal.json) {
        terminal.out(
          JSON.stringify({
            mode,
            noiseMultiplier,
            updateNoiseMultiplier: ofUpdate,
            samplingRate,
            delta,
            rounds: rows,
            target: found,
          }),
        );
        return;
      }
      terminal.out(
        renderTable(
          [
            { title: 'rounds', align: 'right' },
            { title: 'epsilon', align: 'right' },
            { title: 'epsilon, tight', align: 'right' },
          ],
          rows.map(({ rounds, epsilon, tight }) => [String(rounds), shown(epsilon), shown(tight)]),
        ),
      );
      terminal.out('');
      const { participationPeriod, sharesTree } = protocol;
      const who = sharesTree(privacy)
        ? `trees of ${privacy.mechanism.rounds} rounds, every customer in one of ${participationPeriod(privacy)}. ` +
          'A tree is paid for as a whole when it begins. '
        : `${percent(samplingRate)} of the customers a round. `;
      terminal.out(
        `At delta ${delta}, noise multiplier ${noiseMultiplier}, ${who}` +
          '"epsilon" is what sites hold against their budget (Renyi divergences); "tight" is the privacy loss ' +
          'distribution of the same rounds with continuous noise.',
      );
      if (adaptsClipNorm(privacy)) {
        terminal.out(
          `The clip norm adapts: with noise of ${privacy.clipping.countNoise} customers on the count, the sum has a noise ` +
            `multiplier of ${ofUpdate.toFixed(4)}; count and sum together cost what is shown.`,
        );
      }
      if (found !== null) {
        const { epsilon, rounds } = found;
        terminal.out(
          `Epsilon ${epsilon} after ${rounds} rounds needs a noise multiplier of ${found.noiseMultiplier.toFixed(4)}.`,
        );
      }
    });
}

function shown(epsilon: number): string {
  return epsilon < 1000 ? epsilon.toFixed(3) : epsilon.toExponential(2);
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

function above0(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('a number above 0 is needed.');
}
