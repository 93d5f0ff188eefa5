import type { PlanTemplate } from '@noren/protocol';
import { Command } from 'commander';

import { share, wholeNumber } from './choices.ts';
import { openTerminal } from './open-terminal.ts';
import { readNamed } from './read-named.ts';

interface Options {
  readonly sites?: number;
  readonly registered?: number;
  readonly corrupt: number;
  readonly lost: number;
  readonly backbone?: string;
}

const help = `
"Corrupt" are sites that are in league with the coordinator; in plans that compare groups, also those that send a false
update. Their share is of the registered sites, and all of them take part; that of the lost sites is of those that do. With --json probabilities are log2, and null is what cannot happen.

Examples
  noren plan secrecy plan.json --sites 1000
  noren plan secrecy plan.json --sites 700 --registered 1000
  noren plan secrecy plan.json --sites 1000 --corrupt 0.2 --lost 0.1 --backbone backbone.safetensors
`;

export function planSecrecyCommand(): Command {
  return new Command('secrecy')
    .description("Show what a plan's secure aggregation withstands: sites that collude, and sites that are lost.")
    .argument('<plan>', 'the plan file')
    .option('--sites <count>', "how many take part; default the plan's least", wholeNumber(3, 1_000_000))
    .option(
      '--registered <count>',
      "how many the registrar's roster lists; default all take part",
      wholeNumber(3, 20_000),
    )
    .option('--corrupt <share>', 'share of the registered sites that is corrupt', share, 0.1)
    .option('--lost <share>', 'share of the sites that is lost in a round', share, 0.05)
    .option('--backbone <file>', 'the backbone the plan is for: count the bytes of an update')
    .addHelpText('after', help)
    .action(async (file: string, options: Options, command: Command) => {
      const { terminal, phrases } = openTerminal(command);
      const { maskingTraffic, parsePlanTemplate } = await import('@noren/protocol');
      const { assuranceOf, maskedLength } = await import('@noren/secure-aggregation');
      const { fearsOf } = await import('../plan/fears.ts');
      const { secrecyReport } = await import('../plan/secrecy-report.ts');
      const plan = parsePlanTemplate(await readNamed(file, 'plan'));
      const fears = fearsOf(plan, {
        sites: options.sites,
        registered: options.registered,
        corruptFraction: options.corrupt,
        lostFraction: options.lost,
      });
      const assurance = assuranceOf(fears);
      const traffic = maskingTraffic({ ...assurance.groups[0]!, cohort: fears.sites });
      const values = options.backbone === undefined ? null : await valuesOf(plan, options.backbone);
      const elements = values === null ? null : maskedLength(values, plan.update.rotation === true);
      const updateBytes = elements === null ? null : Math.ceil((elements * assurance.ringBits) / 8);
      if (terminal.json) terminal.out(JSON.stringify({ asked: fears, ...assurance, traffic, updateBytes }));
      else terminal.out(secrecyReport({ fears, assurance, traffic, updateBytes }, phrases.secrecy));
    });
}

async function valuesOf(plan: PlanTemplate, file: string): Promise<number> {
  const { checkPlanGroups } = await import('@noren/protocol');
  const { readBackbone } = await import('@noren/recommender');
  const { federatedValues } = await import('../plan/federated-values.ts');
  const { config, groups } = readBackbone(await readNamed(file, 'backbone'));
  checkPlanGroups(plan, groups);
  return federatedValues(plan, config);
}
