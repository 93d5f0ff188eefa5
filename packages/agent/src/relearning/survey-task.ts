import { surveyReport, surveyVector, takeSurvey } from '@noren/recommender';
import { AgentError } from '../agent-error.ts';
import { roundSeed } from './relearn-task.ts';
import type { RoundJob, Surveyed, TaskWatch } from './trainer.ts';
import { updateWeight } from './update-weight.ts';
import type { Workbench } from './workbench.ts';

/** Measures what the plan's survey asks for on this site's data. No model of the site or of the federation changes. */
export async function survey(workbench: Workbench, job: RoundJob, watch: TaskWatch): Promise<Surveyed> {
  const { plan } = job;
  if (plan.survey === undefined) throw new AgentError('round-failed', 'the plan asks for no survey');
  const { backbone, relearner } = await workbench.roundBench(job);
  const { epochs, batchSize, learningRate, weightDecay } = plan.training;
  const measured = await takeSurvey(relearner, {
    backbone,
    survey: plan.survey,
    training: { epochs, batchSize, learningRate, weightDecay, seed: roundSeed(plan) },
    ...(watch.onProgress === undefined ? {} : { onProgress: watch.onProgress }),
    ...(watch.signal === undefined ? {} : { signal: watch.signal }),
  });
  const { examples } = measured;
  const { groups, survey: asked, round, roundId } = plan;
  const update = surveyVector({ groups, survey: asked }, measured, updateWeight(examples, plan.update));
  const report = { round, roundId, ...surveyReport(measured, plan.seed) };
  return { update, examples, report: `${JSON.stringify(report, null, 2)}\n` };
}
