export { ProtocolError, PlanError } from './protocol-error.ts';
export type { ProtocolErrorCode } from './protocol-error.ts';

export { contentHash, parseHash, parseRoundId, parseSiteId } from './identifiers.ts';
export { hashSchema, roundIdSchema, siteIdSchema } from './identifiers.ts';
export type { Hash, RoundId, SiteId } from './identifiers.ts';

// Plans
export { federationNameSchema, planTemplateSchema, planSchema } from './plan/plan.ts';
export { FEWEST_ROBUST_GROUPS, groupingRule, MAXIMUM_COHORT } from './plan/plan-aggregation.ts';
export type { Aggregation } from './plan/plan-aggregation.ts';
export type { PlanGroup, PlanModality, PlanTemplate, RoundPlan } from './plan/plan.ts';
export { relearningEpochs } from './plan/plan-training.ts';
export type { PlanObjective, PlanOrder, PlanPersonalisation, PlanTraining } from './plan/plan-training.ts';
export { customerSamplingRate, fewestSurvivors, noisySumRules, privatelyTrainable } from './plan/plan-privacy.ts';
export {
  adaptsClipNorm,
  clipNormAfter,
  largestSumNorm,
  unclippedShare,
  updateNoiseMultiplier,
  withClipNorm,
} from './plan/plan-clipping.ts';
export { participationPeriod, sharesTree, treeSteps } from './plan/plan-tree.ts';
export type { TreeMechanism, TreePlace } from './plan/plan-tree.ts';
export { privacyCost } from './plan/privacy-cost.ts';
export type { PlanPrivacy } from './plan/plan-privacy.ts';
export { adapterFactors, adapterTensors, MAXIMUM_ADAPTER_RANK } from './plan/plan-adapters.ts';
export type { PlanAdapters } from './plan/plan-adapters.ts';
export { canonicalJson } from './plan/canonical-json.ts';
export type { JsonValue } from './plan/canonical-json.ts';
export { encodePlan, MAXIMUM_PLAN_BYTES, parsePlan, parsePlanTemplate, planHash } from './plan/plan-document.ts';
export { checkPlanGroups, hasIdentity, identityGroup } from './plan/plan-groups.ts';
export { signPlan, verifyPlanSignature } from './plan/plan-signature.ts';
export { planMasking, planQuantiser } from './plan/plan-masking.ts';
export type { PlanMasking } from './plan/plan-masking.ts';
export { privateTraining } from './plan/private-training.ts';
export { robustAggregation } from './plan/robust-aggregation.ts';
export { defaultTraining } from './plan/default-training.ts';
export { modalitySubsets, subsetMeasure, surveyLength, surveyMeasures } from './plan/plan-survey.ts';
export type { PlanEvidence, PlanSurvey, SurveyPlanParts, SurveyProbe } from './plan/plan-survey.ts';

// The registrar's roster
export { generateSigningKey, signingPublicKey } from './keys/ed25519.ts';
export { MAXIMUM_ROSTER_BYTES, readSignedRoster, signRoster } from './roster/signed-roster.ts';
export type { SignedRoster } from './roster/signed-roster.ts';
export { nextRoster } from './roster/next-roster.ts';
export type { RosterChange } from './roster/next-roster.ts';
export type { RosterSite, SiteRoster } from './roster/site-roster.ts';

// Messages
export { decodeCoordinatorMessage, encodeCoordinatorMessage } from './messages/coordinator-message.ts';
export type {
  CandidateAnnouncement,
  CoordinatorMessage,
  RoundClosed,
  RoundOffer,
  RoundOutcome,
  Welcome,
} from './messages/coordinator-message.ts';
export { decodeSiteMessage, encodeSiteMessage } from './messages/site-message.ts';
export type { ActivityName, Hello, OfferReply, Progress, SiteMessage, Withdrawal } from './messages/site-message.ts';
export type { EvaluationReport, MetricInterval, StrategyScore } from './messages/evaluation-report.ts';
export { maskingTraffic } from './messages/masking-traffic.ts';
export type { MaskingGroup, MaskingTraffic } from './messages/masking-traffic.ts';
export { decodeTranscript, encodeTranscript, MAXIMUM_TRANSCRIPT_BYTES } from './messages/sum-transcript.ts';
export { decodeUploadMessage, encodeUploadMessage } from './messages/transfer-message.ts';
export type { UploadHeader, UploadMessage } from './messages/transfer-message.ts';
export type { EnrolRequest, EnrolResponse } from './messages/enrolment-message.ts';

// Certificates
export { CertificateAuthority } from './certificates/certificate-authority.ts';
export type { CertificateFiles } from './certificates/certificate-authority.ts';
export { certificateFingerprint, certificateToPem, certificateValidity } from './certificates/pem.ts';
export { createSigningRequest } from './certificates/signing-request.ts';
export type { SigningRequest } from './certificates/signing-request.ts';
export { createInvitation, formatInvitation, parseInvitation, tokenDigest } from './certificates/invitation.ts';
export type { Invitation } from './certificates/invitation.ts';

// Transport
export type { TlsIdentity } from './transport/credentials.ts';
export { enrol } from './transport/enrolment-client.ts';
export { startEnrolmentServer } from './transport/enrolment-server.ts';
export { connectFederation } from './transport/federation-client.ts';
export type { FederationConnection } from './transport/federation-client.ts';
export type { DownloadOptions } from './transport/download-client.ts';
export type { SiteSession, SiteSessionListener } from './transport/session-client.ts';
export { startFederationServer } from './transport/federation-server.ts';
export type { FederationHandlers } from './transport/federation-server.ts';
export type { DownloadSource } from './transport/download-server.ts';
export type { ListeningServer } from './transport/listening.ts';
export type { PeerIdentity } from './transport/peer-identity.ts';
export type { SessionHandle, SessionListener } from './transport/session-server.ts';
export type { UploadReceiver } from './transport/upload-server.ts';
