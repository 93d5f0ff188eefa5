import type { CoordinatorMessage, SiteId, SiteMessage } from '@noren/protocol';
import { AggregationError } from '@noren/secure-aggregation';

import type { MaskingMessage } from './masked-sum.ts';
import type { RoundCourse } from './round-course.ts';
import type { RoundInput } from './round-input.ts';
import { isAwaited } from './round-state.ts';
import type { Step } from './round-state.ts';

export type RoundOfferMessage = Extract<CoordinatorMessage, { kind: 'roundOffer' }>;

/** What a site's message means for the round, once the masking has taken in what is meant for it; null for nothing. */
export function inputOf(course: RoundCourse, site: SiteId, message: SiteMessage): RoundInput | null {
  switch (message.kind) {
    case 'offerReply':
      return message.accepted
        ? { kind: 'accepted', site }
        : { kind: 'refused', site, reason: message.reason || 'the site gave no reason' };
    case 'keyAdvertisement':
      return refusal(course, site, 'advertisements', message) ?? { kind: 'advertised', site };
    case 'sealedShares':
      return refusal(course, site, 'shares', message) ?? { kind: 'shared', site };
    case 'survivorSignature':
      return refusal(course, site, 'confirmations', message) ?? { kind: 'confirmed', site };
    case 'revealedShares':
      return refusal(course, site, 'reveals', message) ?? { kind: 'revealed', site };
    case 'evaluationReport': {
      const { kind: _kind, ...report } = message;
      return report.candidateHash === course.state.candidate ? { kind: 'reported', site, report } : null;
    }
    case 'withdrawal':
      return { kind: 'left', site, reason: message.reason || 'the site gave no reason' };
    default:
      return null;
  }
}

/** Null when the masking has taken the message in; else the input that puts the site out, or a no-op. */
function refusal(course: RoundCourse, site: SiteId, step: Step, message: MaskingMessage): RoundInput | null {
  if (!isAwaited(course.state, site, step)) return { kind: 'tick' };
  try {
    course.sum?.take(site, message);
    return null;
  } catch (error) {
    if (!(error instanceof AggregationError)) throw error;
    return brokeProtocol(site, error);
  }
}

export function brokeProtocol(site: SiteId, error: AggregationError): RoundInput {
  return { kind: 'excluded', site, reason: `broke the masking protocol: ${error.message}` };
}

/** What a step asks the site; the same again, if need be. Null for nothing. */
export function questionOf(
  course: RoundCourse,
  offer: RoundOfferMessage,
  site: SiteId,
  step: Step,
): CoordinatorMessage | null {
  const { state, sum } = course;
  const { id: roundId, candidate: candidateHash } = state;
  switch (step) {
    case 'replies':
    case 'advertisements':
      return offer;
    case 'shares':
    case 'updates':
    case 'confirmations':
    case 'reveals':
      return sum?.question(site, step) ?? null;
    case 'reports':
      if (candidateHash === null) return null;
      return { kind: 'candidateAnnouncement', roundId, candidateHash, transcriptHash: course.transcriptOf(site) };
    default:
      return null;
  }
}
