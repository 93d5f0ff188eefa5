import { Command } from 'commander';

import { consoleClient, defaultConsole, operatorToken } from '../console-client.ts';
import { shownSurvey, surveyJson } from '../status/survey-table.ts';
import { roundOrLatest, wholeNumber } from './choices.ts';
import { openTerminal } from './open-terminal.ts';
import { readNamed } from './read-named.ts';
import { planLike, surveyNamed } from './surveyed-plan.ts';

const examples = `
Examples
  noren survey start --backbone backbone.safetensors --home /var/lib/noren/coordinator
  noren survey show
  noren plan new adaptive --survey latest --backbone backbone.safetensors > plan.json
`;

export function surveyCommand(): Command {
  const survey = new Command('survey')
    .description(
      'Surveys: what the sites would gain from re-learning, summed without any site showing its own figures.',
    )
    .addHelpText('after', examples);
  survey.addCommand(startCommand());
  survey.addCommand(showCommand());
  return survey;
}

function startCommand(): Command {
  return new Command('start')
    .description('Start a survey round now. The sites measure; no model changes.')
    .requiredOption('--backbone <file>', 'the backbone in force')
    .requiredOption('--home <folder>', "the coordinator's home, where its operator token lies")
    .option('--like <plan>', 'the plan that training, cohort and deadlines are taken from; default: the usual values')
    .option('--epochs <count>', 'passes over the data for each probe', wholeNumber(1, 1000), 4)
    .option('--console <address>', "the coordinator's console address", defaultConsole)
    .action(
      async (
        options: { backbone: string; home: string; like?: string; epochs: number; console: string },
        command: Command,
      ) => {
        const { terminal } = openTerminal(command);
        const { readBackbone, surveyTemplate } = await import('@noren/recommender');
        const { config } = readBackbone(await readNamed(options.backbone, 'backbone'));
        const like = await planLike(options.like, config);
        const template = surveyTemplate(config, { like, epochs: options.epochs });
        const token = await operatorToken(options.home);
        const round = await consoleClient(options.console).startSurvey(token, template);
        if (terminal.json) terminal.out(JSON.stringify({ round }));
        else terminal.say(`Round ${round} is a survey and has started. See it with \`noren survey show ${round}\`.`);
      },
    );
}

function showCommand(): Command {
  return new Command('show')
    .description('What a survey found: the mean over the sites of every measure, with its standard error.')
    .argument('[round]', 'the round, or latest', roundOrLatest, 'latest' as const)
    .option('--console <address>', "the coordinator's console address", defaultConsole)
    .action(async (which: number | 'latest', options: { console: string }, command: Command) => {
      const { terminal } = openTerminal(command);
      const record = await surveyNamed(consoleClient(options.console), which);
      const { openedSurvey } = await import('@noren/recommender');
      const { groups, survey } = record.plan;
      if (survey === undefined) throw new TypeError('a survey without a survey plan');
      const opened = openedSurvey({ groups, survey }, record.mean, record.weight);
      terminal.out(
        terminal.json ? JSON.stringify(surveyJson(record.round, opened)) : await shownSurvey(record.round, opened),
      );
    });
}
