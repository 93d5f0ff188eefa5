import type { PlanTemplate } from '@noren/protocol';
import type { RecommenderConfig, SurveyedPlan, Tolerance } from '@noren/recommender';
import { InvalidArgumentError, type Command } from 'commander';

import { consoleClient, defaultConsole, type ConsoleClient } from '../console-client.ts';
import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { roundOrLatest } from './choices.ts';
import { readNamed } from './read-named.ts';

export interface SurveyedPlanOptions {
  readonly backbone: string;
  readonly survey?: number | 'latest';
  readonly like?: string;
  readonly tolerance?: Tolerance;
  readonly confidence?: number;
  readonly console: string;
}

/** What a plan chosen from a survey is asked for with. */
export function surveyOptions(command: Command): Command {
  return command
    .option('--survey <round>', 'adaptive, auto: the survey to choose from, a round number or latest', roundOrLatest)
    .option('--like <plan>', 'adaptive, auto: the plan that everything else is taken from')
    .option(
      '--tolerance <ndcg>',
      'adaptive, auto: what a smaller set of groups may gain less than the best, in NDCG, or in standard errors as 1se; default 0.005',
      tolerance,
    )
    .option(
      '--confidence <share>',
      'adaptive: that a modality helps, one-sided over the sites, 0.5 up to 1; default 0.6',
      confidence,
    )
    .option('--console <address>', "adaptive, auto: the coordinator's console address", defaultConsole);
}

/** Prints the plan and says, beside it, what decided. */
export async function printSurveyedPlan(
  kind: SurveyedPlan,
  options: SurveyedPlanOptions,
  terminal: Terminal,
): Promise<void> {
  if (options.survey === undefined) {
    throw new CliError(`The plan ${kind} is chosen from a survey: name one with --survey, or latest.`, exitCode.usage);
  }
  const { planFromSurvey, readBackbone } = await import('@noren/recommender');
  const { config } = readBackbone(await readNamed(options.backbone, 'backbone'));
  const record = await surveyNamed(consoleClient(options.console), options.survey);
  const plan = planFromSurvey(kind, config, record, {
    like: await planLike(options.like, config),
    ...(options.tolerance === undefined ? {} : { tolerance: options.tolerance }),
    ...(options.confidence === undefined ? {} : { confidence: options.confidence }),
  });
  for (const decision of plan.evidence?.decisions ?? []) terminal.say(decision);
  terminal.out(JSON.stringify(plan, null, 2));
}

/** The plan whose training, cohort and deadlines are taken: a file's, or the usual one. */
export async function planLike(file: string | undefined, config: RecommenderConfig): Promise<PlanTemplate> {
  const { defaultTraining, parsePlanTemplate } = await import('@noren/protocol');
  if (file !== undefined) return parsePlanTemplate(await readNamed(file, 'plan'));
  const { presetPlan } = await import('@noren/recommender');
  return presetPlan('fine-tune', config, defaultTraining('fine-tune', {}));
}

export async function surveyNamed(
  client: ConsoleClient,
  which: number | 'latest',
): Promise<NonNullable<Awaited<ReturnType<ConsoleClient['survey']>>>> {
  const record = await client.survey(which);
  if (record !== null) return record;
  const what = which === 'latest' ? 'No survey has been summed yet.' : `Round ${which} is no survey that was summed.`;
  throw new CliError(`${what} Start one with \`noren survey start\`.`, exitCode.notFound);
}

function tolerance(text: string): Tolerance {
  const errors = text.endsWith('se');
  const value = Number(errors ? text.slice(0, -2) : text);
  if (text === '' || !(value >= 0 && value <= 10)) {
    throw new InvalidArgumentError('an NDCG such as 0.005, or standard errors such as 1se, are needed.');
  }
  return errors ? { standardErrors: value } : { ndcg: value };
}

function confidence(text: string): number {
  const value = Number(text);
  if (value >= 0.5 && value < 1) return value;
  throw new InvalidArgumentError('a number from 0.5 up to, but not including, 1 is needed.');
}
