import { presetNames, presets } from '@noren/recommender/presets';
import { Command, Option } from 'commander';

import { architecture } from '../backbone/architecture.ts';
import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';
import { createLog } from '../log.ts';
import { presetCalled } from '../plan/preset-called.ts';
import { bytesText } from '../terminal/quantity.ts';
import { renderTable } from '../terminal/table.ts';
import { wholeNumber } from './choices.ts';
import { openTerminal } from './open-terminal.ts';
import { planPrivacyCommand } from './plan-privacy.ts';
import { planSecrecyCommand } from './plan-secrecy.ts';
import { readNamed } from './read-named.ts';
import { printSurveyedPlan, surveyOptions, type SurveyedPlanOptions } from './surveyed-plan.ts';

export function planCommand(): Command {
  const plan = new Command('plan').description(
    'Plans: which parameter groups are relearned, shared or frozen, and how.',
  );
  plan.addCommand(newCommand());
  plan.addCommand(presetsCommand());
  plan.addCommand(checkCommand());
  plan.addCommand(adoptCommand());
  plan.addCommand(planPrivacyCommand());
  plan.addCommand(planSecrecyCommand());
  return plan;
}

const newExamples = `
Examples
  noren plan new ant --backbone backbone.safetensors > plan.json
  noren plan new adaptive --survey latest --backbone backbone.safetensors > plan.json
  noren plan new fine-tune --identity --backbone backbone.safetensors > plan.json
  noren plan new sequence --private 200000 --backbone backbone.safetensors > plan.json
  noren plan new sequence --private 200000 --clipping adaptive --backbone backbone.safetensors > plan.json
  noren plan new fine-tune --robust 16 --backbone backbone.safetensors > plan.json
`;

const combinations = ['median', 'trimmed-mean', 'geometric-median'] as const;

type NewOptions = SurveyedPlanOptions & {
  readonly private?: number;
  readonly clipping: 'fixed' | 'adaptive';
  readonly identity: boolean;
  readonly robust?: number;
  readonly flat: boolean;
  readonly combine?: (typeof combinations)[number];
};

function newCommand(): Command {
  const command = new Command('new')
    .description('Print a plan to start from.')
    .argument('<preset>', 'adaptive or auto, chosen from a survey, or one of the presets below')
    .requiredOption('--backbone <file>', 'the backbone it is for')
    .option(
      '--private <customers>',
      'make every round differentially private, in a federation of about that many customers',
      wholeNumber(20, 10_000_000_000),
    )
    .addOption(
      new Option('--clipping <kind>', 'of a private plan: a fixed clip norm, or one that follows the median gradient')
        .choices(['fixed', 'adaptive'])
        .default('fixed'),
    )
    .addOption(
      new Option('--identity', 'each site also learns a vector of its own for every item bought there, and keeps it')
        .default(false)
        .conflicts('private'),
    )
    .addOption(
      new Option(
        '--robust <sites>',
        'compare groups of at least so many sites, 4 to 64, so that some spoilt ones do no harm; else all sites are added up',
      )
        .argParser(wholeNumber(4, 64))
        .conflicts('private'),
    )
    .addOption(
      new Option(
        '--combine <how>',
        'with --robust: how the means of the groups become one update; default median',
      ).choices(combinations),
    )
    .addOption(
      new Option(
        '--flat',
        'add more than 128 sites up in one sum instead of one for each group: nobody sees less than the whole, for more traffic',
      )
        .default(false)
        .conflicts('robust'),
    )
    .addHelpText('after', `\nPresets\n${presetLines()}\n${newExamples}`);
  return surveyOptions(command).action(async (preset: string, options: NewOptions, called: Command) => {
    const { terminal } = openTerminal(called);
    const { private: customers, clipping, robust, combine } = options;
    if (customers === undefined && clipping !== 'fixed') {
      throw new CliError('--clipping goes with --private: only a private plan clips single customers.', exitCode.usage);
    }
    if (combine !== undefined && robust === undefined) {
      throw new CliError(
        '--combine says how groups are compared: say how large they are with --robust.',
        exitCode.usage,
      );
    }
    if (preset === 'adaptive' || preset === 'auto') {
      if (customers === undefined && robust === undefined && !options.identity && !options.flat) {
        return printSurveyedPlan(preset, options, terminal);
      }
      throw new CliError(
        '--private, --robust, --flat and --identity go with a preset, not with a choice from a survey.',
        exitCode.usage,
      );
    }
    const name = presetCalled(preset);
    const { presetPlan, readBackbone } = await import('@noren/recommender');
    const { defaultTraining, privateTraining, robustAggregation } = await import('@noren/protocol');
    const { config } = readBackbone(await readNamed(options.backbone, 'backbone'));
    // How many items a site has makes no difference to a plan.
    const planned = { ...config, identity: options.identity ? 1 : 0 };
    const usual = presetPlan(name, planned, defaultTraining(name, {}));
    const grouped =
      robust === undefined ? usual : robustAggregation(usual, { groupSize: robust, combine: combine ?? 'median' });
    const divided = options.flat
      ? { ...grouped, aggregation: { profile: 'private', topology: 'flat' } as const }
      : grouped;
    const template = customers === undefined ? divided : privateTraining(divided, customers, clipping);
    terminal.out(JSON.stringify(template, null, 2));
  });
}

function presetsCommand(): Command {
  return new Command('presets')
    .description('List the presets: what each shares, keeps at the site and sends a round.')
    .option('--backbone <file>', 'count for this backbone; default: what pretraining makes without options')
    .addHelpText('after', '\nExample\n  noren plan presets --backbone backbone.safetensors')
    .action(async (options: { backbone?: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const { presetRows } = await import('../plan/preset-rows.ts');
      const { readBackbone } = await import('@noren/recommender');
      const { backbone } = options;
      const config = backbone === undefined ? architecture : readBackbone(await readNamed(backbone, 'backbone')).config;
      const rows = presetRows(config);
      if (terminal.json) return terminal.out(JSON.stringify(rows));
      const columns = [
        { title: 'preset' },
        { title: 'shared' },
        { title: 'kept at the site' },
        { title: 'sent a round', align: 'right' as const },
        { title: 'from' },
      ];
      const cells = rows.map((row) => [row.preset, row.shared, row.kept, bytesText(row.sent), row.paper]);
      terminal.out(renderTable(columns, cells));
    });
}

/** Every preset on a line of its own. */
function presetLines(): string {
  const width = Math.max(...presetNames.map((name) => name.length));
  return presetNames.map((name) => `  ${name.padEnd(width)}  ${presets[name].summary}`).join('\n');
}

function checkCommand(): Command {
  return new Command('check')
    .description('Check a plan against a backbone; change nothing.')
    .argument('<plan>', 'the plan file')
    .requiredOption('--backbone <file>', 'the backbone it is for')
    .action(async (file: string, options: { backbone: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const { checkPlanGroups, parsePlanTemplate } = await import('@noren/protocol');
      const { readBackbone, withAdapters } = await import('@noren/recommender');
      const template = parsePlanTemplate(await readNamed(file, 'plan'));
      const backbone = readBackbone(await readNamed(options.backbone, 'backbone'));
      checkPlanGroups(template, backbone.groups);
      withAdapters(backbone, template.adapters);
      const rows = Object.entries(template.groups).map(([group, { start, scope }]) => [group, start, scope]);
      if (terminal.json) terminal.out(JSON.stringify(template));
      else terminal.out(renderTable([{ title: 'group' }, { title: 'start' }, { title: 'scope' }], rows));
    });
}

function adoptCommand(): Command {
  return new Command('adopt')
    .description('Put a backbone and a plan in force. The coordinator must not be running.')
    .argument('<plan>', 'the plan file')
    .requiredOption('--backbone <file>', 'the backbone it is for')
    .requiredOption('--home <folder>', "the coordinator's home, with its coordinator.json")
    .action(async (file: string, options: { backbone: string; home: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const { checkPlanGroups, contentHash, hasIdentity, parsePlanTemplate } = await import('@noren/protocol');
      const { readBackbone, releaseFile, startValues, withAdapters, withIdentity } = await import('@noren/recommender');
      const { writeSafetensors } = await import('@noren/tensor/safetensors');
      const { Coordinator, readCoordinatorConfig } = await import('@noren/coordinator');
      const template = parsePlanTemplate(await readNamed(file, 'plan'));
      const bytes = await readNamed(options.backbone, 'backbone');
      const lent = readBackbone(bytes);
      checkPlanGroups(template, lent.groups);
      // Their vectors stay at the sites: a release holds none, whatever their number.
      const identified = withIdentity(lent, hasIdentity(template.groups) ? 1 : 0);
      const backbone = withAdapters(identified, template.adapters);
      const values = startValues(backbone, template.groups, template.seed);
      const release = writeSafetensors(releaseFile(backbone, values, template.groups, contentHash(bytes)));
      const config = await readCoordinatorConfig(options.home);
      const coordinator = await Coordinator.open(config, { log: createLog('warn', terminal.interactive) });
      try {
        await coordinator.registerBackbone(bytes);
        await coordinator.adoptPlan(template, release);
      } finally {
        await coordinator.close();
      }
      terminal.say(`The plan "${template.name}" is in force.`);
    });
}
