export { Agent, type AgentOptions } from './agent.ts';
export { AgentError, type AgentErrorCode } from './agent-error.ts';

// A site's home
export { agentConfigSchema, readConfig, writeConfig, type AgentConfig, type AgentConfigInput } from './home/config.ts';
export { readIdentity, readPublicIdentity, type SiteIdentity } from './home/identity.ts';
export { joinFederation } from './home/join.ts';
export { homeLayout, type HomeLayout, type RoundLayout } from './home/layout.ts';
export { type EvaluationShare, type Hours, type SitePolicy, type SitePolicyInput } from './policy/policy.ts';

// The ledger
export { type LedgerEntry, type LedgerKind } from './ledger/entry.ts';
export type { LedgerAnchor, LedgerCheck, LedgerProblem } from './ledger/chain.ts';
export { verifyLedger } from './ledger/verify.ts';

export { auditAgain, type AuditedRound, type AuditObstacle, type AuditReport } from './audit/audit-report.ts';
export { type AuditFinding, type RoundAudit } from './audit/judge-transcript.ts';

export { epsilonSpent, readPrivacyLedger, type PrivacyLedgerReport } from './privacy-ledger/privacy-ledger.ts';

// Tasks on the site's data, for those who bring their own trainer
export { drawNoise } from './relearning/draw-noise.ts';
export { InProcessTrainer } from './relearning/in-process-trainer.ts';
export { WorkerTrainer, type WorkerTrainerOptions } from './relearning/worker-trainer.ts';
export type {
  DataJob,
  Evaluation,
  EvaluationJob,
  NoiseJob,
  Recommendation,
  RecommendationJob,
  Recommendations,
  Relearned,
  RoundJob,
  ServedModel,
  ServingModel,
  SiteSummary,
  Surveyed,
  TaskWatch,
  Trainer,
} from './relearning/trainer.ts';
