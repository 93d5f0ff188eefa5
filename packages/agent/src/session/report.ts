import type { EvaluationReport, RoundPlan, SiteMessage } from '@noren/protocol';
import type { EvaluationShare } from '../policy/policy.ts';
import type { Evaluation } from '../relearning/trainer.ts';

/**
 * What the policy lets out about an evaluation. `verdict`: only what the gate chose; zero customers tell the coordinator
 * that the report carries no figures. `none`: the site leaves the round here, so nobody waits for a report.
 */
export function reportFor(
  share: EvaluationShare,
  plan: RoundPlan,
  candidateHash: EvaluationReport['candidateHash'],
  evaluation: Evaluation,
): SiteMessage {
  const { roundId } = plan;
  const verdict = { roundId, candidateHash, chosen: evaluation.chosen, adopted: evaluation.adopted };
  switch (share) {
    case 'metrics':
      return {
        kind: 'evaluationReport',
        ...verdict,
        customers: evaluation.customers,
        explanation: evaluation.explanation.slice(0, 2000),
        scores: evaluation.scores,
        differenceMean: evaluation.difference.mean,
        differenceStandardError: evaluation.difference.standardError,
      };
    case 'verdict':
      return {
        kind: 'evaluationReport',
        ...verdict,
        customers: 0,
        explanation: 'This site shares its verdict only.',
        scores: [],
        differenceMean: 0,
        differenceStandardError: 0,
      };
    default:
      return { kind: 'withdrawal', roundId, reason: 'this site keeps its evaluation to itself' };
  }
}
